// W3 with threads and std::sync::mpsc::sync_channel: channels WORKLOAD N
//
// Runs the workload twice and prints the second run's nanoseconds; the first warms up. The sum is checked.
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread;
use std::time::Instant;

const CAPACITY: usize = 1024;
const BATCH: u64 = 256;

fn count(n: u64, target: SyncSender<u64>) {
    for number in 0..n {
        target.send(number).unwrap();
    }
}

fn between<T: Send + 'static>(
    source: Receiver<T>,
    change: impl Fn(T) -> T + Send + 'static,
) -> Receiver<T> {
    let (target, result) = sync_channel(CAPACITY);
    thread::spawn(move || {
        for item in source {
            target.send(change(item)).unwrap();
        }
    });
    result
}

fn pipe(n: u64) -> u64 {
    let (target, mut source) = sync_channel(CAPACITY);
    thread::spawn(move || count(n, target));
    for _ in 0..3 {
        source = between(source, |number| number + 1);
    }
    source.iter().sum()
}

fn fan_in(n: u64) -> u64 {
    let (target, source) = sync_channel(CAPACITY);
    for _ in 0..4 {
        let target = target.clone();
        thread::spawn(move || count(n / 4, target));
    }
    drop(target);
    source.iter().sum()
}

fn ping(n: u64) -> u64 {
    let (there, source) = sync_channel(1);
    let (target, back) = sync_channel(1);
    thread::spawn(move || {
        for number in source {
            target.send(number + 1).unwrap();
        }
    });
    (0..n)
        .map(|number| {
            there.send(number).unwrap();
            back.recv().unwrap()
        })
        .sum()
}

fn batches(n: u64) -> u64 {
    let (target, mut source) = sync_channel(CAPACITY);
    thread::spawn(move || {
        for first in (0..n).step_by(BATCH as usize) {
            target.send((first..n.min(first + BATCH)).collect::<Vec<u64>>()).unwrap();
        }
    });
    for _ in 0..3 {
        source = between(source, |mut numbers| {
            numbers.iter_mut().for_each(|number| *number += 1);
            numbers
        });
    }
    source.iter().map(|numbers| numbers.iter().sum::<u64>()).sum()
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let n: u64 = arguments[2].parse().unwrap();
    let all = n * (n - 1) / 2;
    let (run, expected): (fn(u64) -> u64, u64) = match arguments[1].as_str() {
        "W3-pipe" => (pipe, all + 3 * n),
        "W3-fanin" => (fan_in, 4 * ((n / 4) * (n / 4 - 1) / 2)),
        "W3-ping" => (ping, all + n),
        "W3-batch" => (batches, all + 3 * n),
        other => panic!("there is no workload {other}"),
    };
    let mut took = 0;
    for _ in 0..2 {
        let start = Instant::now();
        let found = run(n);
        took = start.elapsed().as_nanos();
        assert_eq!(found, expected, "the sum");
    }
    println!("{took}");
}
