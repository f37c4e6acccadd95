// An HTTP server whose requests lean on what Go's run time does with the system: goroutines on several threads,
// preemption by signal of loops without a call, garbage collection, a nil pointer that is recovered from.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

type node struct {
	next  *node
	bytes []byte
}

var sink uint64

func hello(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello, world\n") }

func hash(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256(make([]byte, 1<<20))
	fmt.Fprintf(w, "%x\n", sum)
}

// A loop without calls is only stopped by a signal; the collection below waits for that.
func preempt(w http.ResponseWriter, r *http.Request) {
	var stop uint32
	done := make(chan uint64)
	for i := 0; i < 4; i++ {
		go func(seed uint64) {
			for n := 0; n < 60_000_000; n++ {
				seed = seed*6364136223846793005 + 1
			}
			done <- seed
		}(uint64(i))
	}
	runtime.GC()
	for i := 0; i < 4; i++ {
		sink += <-done
	}
	fmt.Fprintf(w, "preempted %d\n", stop)
}

func collect(w http.ResponseWriter, r *http.Request) {
	var group sync.WaitGroup
	lengths := make([]int, 4)
	for i := range lengths {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			var head *node
			for n := 0; n < 20000; n++ {
				head = &node{head, make([]byte, 512)}
				if n%1000 == 0 {
					head = &node{}
				}
			}
			for ; head != nil; head = head.next {
				lengths[i]++
			}
		}(i)
	}
	group.Wait()
	runtime.GC()
	fmt.Fprintln(w, "lengths", lengths)
}

func recovered(w http.ResponseWriter, r *http.Request) {
	defer func() { fmt.Fprintln(w, "recovered:", recover()) }()
	var none *node
	none.bytes = nil
}

func main() {
	http.HandleFunc("/", hello)
	http.HandleFunc("/hash", hash)
	http.HandleFunc("/preempt", preempt)
	http.HandleFunc("/gc", collect)
	http.HandleFunc("/nil", recovered)
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := &http.Server{}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go server.Serve(listener)
	<-stop
	timed, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	server.Shutdown(timed)
	fmt.Println("bye")
}
