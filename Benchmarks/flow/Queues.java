// W3 with threads and ArrayBlockingQueue: java Queues WORKLOAD N
//
// Runs the workload three times and prints the last run's nanoseconds; the others warm up. The sum is checked.
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;

public class Queues {
    static final int CAPACITY = 1024;
    static final Long END = Long.MIN_VALUE;

    interface Step {
        void run() throws InterruptedException;
    }

    static Thread start(Step step) {
        Thread thread = new Thread(() -> {
            try {
                step.run();
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    static void count(long n, ArrayBlockingQueue<Long> target) throws InterruptedException {
        for (long number = 0; number < n; number++) target.put(number);
        target.put(END);
    }

    static void plusOne(ArrayBlockingQueue<Long> source, ArrayBlockingQueue<Long> target)
            throws InterruptedException {
        for (Long number = source.take(); !number.equals(END); number = source.take()) target.put(number + 1);
        target.put(END);
    }

    static long sum(ArrayBlockingQueue<Long> source, int ends) throws InterruptedException {
        long sum = 0;
        while (ends > 0) {
            Long number = source.take();
            if (number.equals(END)) ends--;
            else sum += number;
        }
        return sum;
    }

    static long pipe(long n) throws InterruptedException {
        List<ArrayBlockingQueue<Long>> links = new ArrayList<>();
        for (int place = 0; place < 4; place++) links.add(new ArrayBlockingQueue<>(CAPACITY));
        start(() -> count(n, links.get(0)));
        for (int place = 0; place < 3; place++) {
            ArrayBlockingQueue<Long> source = links.get(place), target = links.get(place + 1);
            start(() -> plusOne(source, target));
        }
        return sum(links.get(3), 1);
    }

    static long fanIn(long n) throws InterruptedException {
        ArrayBlockingQueue<Long> link = new ArrayBlockingQueue<>(CAPACITY);
        for (int place = 0; place < 4; place++) start(() -> count(n / 4, link));
        return sum(link, 4);
    }

    static long ping(long n) throws InterruptedException {
        ArrayBlockingQueue<Long> there = new ArrayBlockingQueue<>(1), back = new ArrayBlockingQueue<>(1);
        start(() -> plusOne(there, back));
        long sum = 0;
        for (long number = 0; number < n; number++) {
            there.put(number);
            sum += back.take();
        }
        there.put(END);
        return sum;
    }

    public static void main(String[] arguments) throws InterruptedException {
        long n = Long.parseLong(arguments[1]), all = n * (n - 1) / 2, took = 0;
        for (int round = 0; round < 3; round++) {
            long start = System.nanoTime(), found, expected;
            switch (arguments[0]) {
            case "W3-pipe": found = pipe(n); expected = all + 3 * n; break;
            case "W3-fanin": found = fanIn(n); expected = 4 * ((n / 4) * (n / 4 - 1) / 2); break;
            case "W3-ping": found = ping(n); expected = all + n; break;
            default: throw new IllegalArgumentException(arguments[0]);
            }
            took = System.nanoTime() - start;
            if (found != expected) throw new IllegalStateException("the sum is " + found + ", not " + expected);
        }
        System.out.println(took);
    }
}
