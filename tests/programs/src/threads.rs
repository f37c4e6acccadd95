// Threads, channels, loopback sockets and a panic that is caught, as Rust programs use them.
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{mpsc, Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

fn channels() -> u64 {
    let (sender, receiver) = mpsc::channel();
    for part in 0..8u64 {
        let sender = sender.clone();
        thread::spawn(move || (0..5000).for_each(|i| sender.send(part * 5000 + i).unwrap()));
    }
    drop(sender);
    receiver.iter().sum()
}

fn echo() -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        for _ in 0..4 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap();
            stream.write_all(&all).unwrap();
        }
    });
    let mut total = 0;
    for i in 0..4usize {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&vec![i as u8; 100_000]).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut back = Vec::new();
        stream.read_to_end(&mut back).unwrap();
        total += back.iter().filter(|byte| **byte == i as u8).count();
    }
    server.join().unwrap();
    total
}

fn main() {
    println!("channels {}", channels());
    println!("echo {}", echo());
    let caught = thread::spawn(|| {
        let none: Option<u32> = None;
        none.unwrap()
    });
    println!("panic {}", caught.join().is_err());
    let shared = Arc::new(Mutex::new(HashMap::new()));
    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|i| {
            let (shared, barrier) = (shared.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                (0..1000).for_each(|n| *shared.lock().unwrap().entry(n % 37).or_insert(0u64) += i * n)
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    let map = shared.lock().unwrap();
    println!("map {} {}", map.len(), map.values().sum::<u64>());
    let start = Instant::now();
    thread::sleep(Duration::from_millis(20));
    println!("slept {}", start.elapsed() >= Duration::from_millis(20));
}
