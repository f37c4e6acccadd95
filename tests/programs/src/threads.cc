// Threads, exceptions across frames, thread-local storage, condition variables, futures: what a C++ program leans on.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <future>
#include <iostream>
#include <map>
#include <mutex>
#include <numeric>
#include <queue>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static thread_local long own_sum;
static std::atomic<long> atomic_sum;

struct queue {
	std::mutex lock;
	std::condition_variable filled;
	std::queue<int> items;

	void put(int item)
	{
		std::lock_guard<std::mutex> held(lock);
		items.push(item);
		filled.notify_one();
	}

	int take()
	{
		std::unique_lock<std::mutex> held(lock);
		filled.wait(held, [this] { return !items.empty(); });
		int item = items.front();
		items.pop();
		return item;
	}
};

static long consume(queue &q)
{
	for (int item; (item = q.take()) >= 0; atomic_sum += item)
		own_sum += item;
	return own_sum;
}

static int thrower(int depth)
{
	if (depth == 0)
		throw std::runtime_error("from the depth");
	return thrower(depth - 1) + 1;
}

int main()
{
	queue q;
	std::vector<std::future<long>> takers;
	for (int i = 0; i < 8; i++)
		takers.push_back(std::async(std::launch::async, [&q] { return consume(q); }));
	for (int i = 1; i <= 20000; i++)
		q.put(i);
	for (int i = 0; i < 8; i++)
		q.put(-1);
	long total = 0;
	for (auto &taker : takers)
		total += taker.get();
	std::cout << "queue " << total << " " << atomic_sum << "\n";

	std::atomic<int> caught{0};
	std::vector<std::thread> throwers;
	for (int i = 0; i < 16; i++)
		throwers.emplace_back([&caught, i] {
			try {
				thrower(i * 10);
			} catch (const std::exception &) {
				caught++;
			}
		});
	for (auto &thread : throwers)
		thread.join();
	std::cout << "caught " << caught << "\n";

	std::shared_timed_mutex timed;
	timed.lock();
	auto waited = std::async(std::launch::async, [&timed] {
		return timed.try_lock_for(std::chrono::milliseconds(50));
	});
	std::cout << "timed lock " << waited.get() << "\n";
	timed.unlock();

	std::map<std::string, std::vector<int>> map;
	for (int i = 0; i < 100000; i++)
		map[std::to_string(i % 977)].push_back(i);
	std::ofstream("numbers") << map.size() << " " << map["7"].size() << "\n";
	std::string line;
	std::ifstream in("numbers");
	std::getline(in, line);
	std::cout << "file " << line << "\n";
	return total == atomic_sum ? 0 : 1;
}
