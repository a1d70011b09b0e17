// W3 with oneTBB: tbb WORKLOAD N
//
// The pipes are parallel_pipeline with 1,024 tokens; the rest is threads over concurrent_bounded_queue, since a pipeline
// has one source, and no way back. Runs the workload twice and prints the second run's nanoseconds; the first warms up.
// The sum is checked.
#include <tbb/concurrent_queue.h>
#include <tbb/parallel_pipeline.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

using Number = long;
using Queue = tbb::concurrent_bounded_queue<Number>;
using Numbers = std::vector<Number>;

static const Number capacity = 1024;
static const Number batch = 256;

static Number pipe_of_items(Number n) {
    const auto mode = tbb::filter_mode::serial_in_order;
    Number next = 0, sum = 0;
    const auto source = [&](tbb::flow_control &control) -> Number {
        if (next < n) return next++;
        control.stop();
        return 0;
    };
    const auto plus_one = [](Number number) { return number + 1; };
    tbb::parallel_pipeline(
        capacity,
        tbb::make_filter<void, Number>(mode, source) & tbb::make_filter<Number, Number>(mode, plus_one) &
            tbb::make_filter<Number, Number>(mode, plus_one) & tbb::make_filter<Number, Number>(mode, plus_one) &
            tbb::make_filter<Number, void>(mode, [&](Number number) { sum += number; }));
    return sum;
}

static Number pipe_of_batches(Number n) {
    const auto mode = tbb::filter_mode::serial_in_order;
    Number next = 0, sum = 0;
    const auto source = [&](tbb::flow_control &control) -> Numbers * {
        if (next >= n) {
            control.stop();
            return nullptr;
        }
        auto *numbers = new Numbers(std::min(batch, n - next));
        for (auto &number : *numbers) number = next++;
        return numbers;
    };
    const auto plus_one = [](Numbers *numbers) {
        for (auto &number : *numbers) number++;
        return numbers;
    };
    const auto sink = [&](Numbers *numbers) {
        for (const auto number : *numbers) sum += number;
        delete numbers;
    };
    tbb::parallel_pipeline(
        // More of them would not fit into the cache.
        64,
        tbb::make_filter<void, Numbers *>(mode, source) & tbb::make_filter<Numbers *, Numbers *>(mode, plus_one) &
            tbb::make_filter<Numbers *, Numbers *>(mode, plus_one) &
            tbb::make_filter<Numbers *, Numbers *>(mode, plus_one) & tbb::make_filter<Numbers *, void>(mode, sink));
    return sum;
}

static Number fan_in(Number n) {
    Queue queue;
    queue.set_capacity(capacity);
    std::vector<std::thread> producers;
    for (int place = 0; place < 4; place++) {
        producers.emplace_back([&] {
            for (Number number = 0; number < n / 4; number++) queue.push(number);
        });
    }
    Number sum = 0, number;
    for (Number taken = 0; taken < n / 4 * 4; taken++) {
        queue.pop(number);
        sum += number;
    }
    for (auto &producer : producers) producer.join();
    return sum;
}

static Number ping(Number n) {
    Queue there, back;
    there.set_capacity(1);
    back.set_capacity(1);
    std::thread pong([&] {
        Number number;
        for (Number taken = 0; taken < n; taken++) {
            there.pop(number);
            back.push(number + 1);
        }
    });
    Number sum = 0, answer;
    for (Number number = 0; number < n; number++) {
        there.push(number);
        back.pop(answer);
        sum += answer;
    }
    pong.join();
    return sum;
}

int main(int, char **arguments) {
    const std::string workload = arguments[1];
    const Number n = std::atol(arguments[2]), part = n / 4, all = n * (n - 1) / 2;
    const std::map<std::string, std::pair<std::function<Number(Number)>, Number>> workloads = {
        {"W3-pipe", {pipe_of_items, all + 3 * n}},
        {"W3-batch", {pipe_of_batches, all + 3 * n}},
        {"W3-fanin", {fan_in, 4 * (part * (part - 1) / 2)}},
        {"W3-ping", {ping, all + n}},
    };
    const auto &[run, expected] = workloads.at(workload);
    long took = 0;
    for (int round = 0; round < 2; round++) {
        const auto start = std::chrono::steady_clock::now();
        const Number found = run(n);
        took = std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
        if (found != expected) {
            std::fprintf(stderr, "the sum is %ld, not %ld\n", found, expected);
            return 1;
        }
    }
    std::printf("%ld\n", took);
}
