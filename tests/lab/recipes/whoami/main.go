// whoami says which host answers: over HTTP with its host name and the request, over TCP and UDP with its host
// name before each line that it echoes. After SIGTERM it still serves for the duration of -linger.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	port := flag.String("port", "80", "port of the HTTP server")
	tcp := flag.String("tcp", "", "port of the TCP echo, if any")
	udp := flag.String("udp", "", "port of the UDP echo, if any")
	linger := flag.Duration("linger", 0, "how long it serves on after SIGTERM")
	flag.Parse()
	name, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	if *tcp != "" {
		go echoTCP(name, *tcp)
	}
	if *udp != "" {
		go echoUDP(name, *udp)
	}
	server := http.Server{Addr: ":" + *port, Handler: answer(name)}
	go func() { log.Fatal(server.ListenAndServe()) }()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	time.Sleep(*linger)
}

func answer(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hostname: %s\nRemoteAddr: %s\n", name, r.RemoteAddr)
		fmt.Fprintf(w, "%s %s %s\nHost: %s\n", r.Method, r.URL.RequestURI(), r.Proto, r.Host)
		_ = r.Header.Write(w)
	})
}

func echoTCP(name, port string) {
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		log.Fatal(err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer conn.Close()
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				fmt.Fprintf(conn, "%s: %s\n", name, lines.Text())
			}
		}()
	}
}

func echoUDP(name, port string) {
	conn, err := net.ListenPacket("udp", ":"+port)
	if err != nil {
		log.Fatal(err)
	}
	packet := make([]byte, 65535)
	for {
		n, peer, err := conn.ReadFrom(packet)
		if err != nil {
			log.Fatal(err)
		}
		_, _ = conn.WriteTo(append([]byte(name+": "), packet[:n]...), peer)
	}
}
