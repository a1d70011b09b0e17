// W3 with goroutines and channels: channels WORKLOAD N
//
// Runs the workload twice and prints the second run's nanoseconds; the first warms up. The sum is checked.
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

const capacity = 1024
const batch = 256

func count(n int, into chan<- int) {
	for number := 0; number < n; number++ {
		into <- number
	}
}

func pipe(n int) int {
	links := [4]chan int{}
	for place := range links {
		links[place] = make(chan int, capacity)
	}
	go func() {
		count(n, links[0])
		close(links[0])
	}()
	for place := 0; place < 3; place++ {
		go func(source <-chan int, target chan<- int) {
			for number := range source {
				target <- number + 1
			}
			close(target)
		}(links[place], links[place+1])
	}
	sum := 0
	for number := range links[3] {
		sum += number
	}
	return sum
}

func fanIn(n int) int {
	link := make(chan int, capacity)
	var producers sync.WaitGroup
	for place := 0; place < 4; place++ {
		producers.Add(1)
		go func() {
			count(n/4, link)
			producers.Done()
		}()
	}
	go func() {
		producers.Wait()
		close(link)
	}()
	sum := 0
	for number := range link {
		sum += number
	}
	return sum
}

func ping(n int) int {
	there, back := make(chan int, 1), make(chan int, 1)
	go func() {
		for number := range there {
			back <- number + 1
		}
	}()
	sum := 0
	for number := 0; number < n; number++ {
		there <- number
		sum += <-back
	}
	close(there)
	return sum
}

func batches(n int) int {
	links := [4]chan []int{}
	for place := range links {
		links[place] = make(chan []int, capacity)
	}
	go func() {
		for first := 0; first < n; first += batch {
			last := first + batch
			if last > n {
				last = n
			}
			numbers := make([]int, last-first)
			for place := range numbers {
				numbers[place] = first + place
			}
			links[0] <- numbers
		}
		close(links[0])
	}()
	for place := 0; place < 3; place++ {
		go func(source <-chan []int, target chan<- []int) {
			for numbers := range source {
				for place := range numbers {
					numbers[place]++
				}
				target <- numbers
			}
			close(target)
		}(links[place], links[place+1])
	}
	sum := 0
	for numbers := range links[3] {
		for _, number := range numbers {
			sum += number
		}
	}
	return sum
}

func main() {
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	run, sum := map[string]func(int) int{"W3-pipe": pipe, "W3-fanin": fanIn, "W3-ping": ping, "W3-batch": batches}[os.Args[1]],
		map[string]int{"W3-pipe": n*(n-1)/2 + 3*n, "W3-fanin": 4 * (n / 4 * (n/4 - 1) / 2), "W3-ping": n*(n-1)/2 + n,
			"W3-batch": n*(n-1)/2 + 3*n}[os.Args[1]]
	var took time.Duration
	for round := 0; round < 2; round++ {
		start := time.Now()
		if found := run(n); found != sum {
			panic(fmt.Sprintf("the sum is %d, not %d", found, sum))
		}
		took = time.Since(start)
	}
	fmt.Println(took.Nanoseconds())
}
