// Package ext stands in for Traefik's extension point, which its published module leaves out.
package ext

// HTTP extends the HTTP configuration by nothing.
type HTTP struct{}

// Router extends a router by nothing.
type Router struct{}
