// load keeps an HTTP server under constant load until it is stopped or reaches its limit: each client sends its
// requests at fixed intervals on one persistent connection. It prints a line for each request: when it was sent and
// when it was answered (nanoseconds since 1970), and the status or the error.
package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	address := flag.String("address", "", "host and port of the server")
	host := flag.String("host", "localhost", "the requests' host")
	clients := flag.Int("clients", 4, "how many clients")
	rate := flag.Int("rate", 200, "requests a second, of all clients together")
	timeout := flag.Duration("timeout", 2*time.Second, "how long an answer may take")
	limit := flag.Duration("limit", time.Minute, "when to stop at the latest")
	flag.Parse()
	request, err := http.NewRequest(http.MethodGet, "http://"+*address+"/", nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	request.Host = *host
	interval := time.Duration(*clients) * time.Second / time.Duration(*rate)
	for number := range *clients {
		time.AfterFunc(interval*time.Duration(number)/time.Duration(*clients), func() {
			client := http.Client{Timeout: *timeout, Transport: &http.Transport{}}
			for range time.Tick(interval) {
				sent := time.Now()
				outcome := ask(&client, request)
				fmt.Printf("%d %d %s\n", sent.UnixNano(), time.Now().UnixNano(), outcome)
			}
		})
	}
	time.Sleep(*limit)
}

func ask(client *http.Client, request *http.Request) string {
	answer, err := client.Do(request.Clone(request.Context()))
	if err != nil {
		return strings.ReplaceAll(err.Error(), "\n", " ")
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err.Error()
	}
	return fmt.Sprint(answer.StatusCode)
}
