// Answers what Traefik's own decoders make of labels and of keys, a JSON line for each question: 2.11 and 3.7.
package main

import (
	"github.com/kvtools/valkeyrie/store"
	dynamic2 "github.com/traefik/traefik/v2/pkg/config/dynamic"
	kv2 "github.com/traefik/traefik/v2/pkg/config/kv"
	label2 "github.com/traefik/traefik/v2/pkg/config/label"
	dynamic3 "github.com/traefik/traefik/v3/pkg/config/dynamic"
	kv3 "github.com/traefik/traefik/v3/pkg/config/kv"
	label3 "github.com/traefik/traefik/v3/pkg/config/label"
)

type enabling struct {
	Enable bool
	Docker *struct {
		Network         *string
		LBSwarm         bool
		AllowNonRunning bool
	}
}

var decoders = map[string]func(map[string]string) (any, error){
	"labels 2.11": func(labels map[string]string) (any, error) {
		return label2.DecodeConfiguration(labels)
	},
	"labels 3.7": func(labels map[string]string) (any, error) {
		return label3.DecodeConfiguration(labels)
	},
	"options 3.7": func(labels map[string]string) (any, error) {
		options := &enabling{}
		return options, label3.Decode(labels, options, "traefik.docker.", "traefik.enable")
	},
	"keys 2.11": func(keys map[string]string) (any, error) {
		configuration := &dynamic2.Configuration{}
		return configuration, kv2.Decode(pairs(keys), configuration, "traefik")
	},
	"keys 3.7": func(keys map[string]string) (any, error) {
		configuration := &dynamic3.Configuration{}
		return configuration, kv3.Decode(pairs(keys), configuration, "traefik")
	},
}

func pairs(keys map[string]string) []*store.KVPair {
	found := []*store.KVPair{}
	for key, value := range keys {
		found = append(found, &store.KVPair{Key: key, Value: []byte(value)})
	}
	return found
}
