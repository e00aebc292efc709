package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
)

type question struct {
	Decoder string            `json:"decoder"`
	Input   map[string]string `json:"input"`
}

type answer struct {
	Error   string `json:"error"`
	Decoded any    `json:"decoded"`
}

func main() {
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var asked question
		check(json.Unmarshal(lines.Bytes(), &asked))
		check(out.Encode(answered(asked)))
	}
	check(lines.Err())
}

func answered(asked question) (found answer) {
	defer func() {
		if panicked := recover(); panicked != nil {
			found = answer{Error: fmt.Sprint("panic: ", panicked)}
		}
	}()
	decoded, err := decoders[asked.Decoder](asked.Input)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Decoded: values(reflect.ValueOf(decoded))}
}

// values keeps what JSON tags would hide, and leaves out what is nil or an empty list.
func values(value reflect.Value) any {
	switch value.Kind() {
	case reflect.Pointer, reflect.Interface:
		if value.IsNil() {
			return nil
		}
		return values(value.Elem())
	case reflect.Struct:
		return object(value)
	case reflect.Map:
		found := map[string]any{}
		for _, key := range value.MapKeys() {
			found[key.String()] = values(value.MapIndex(key))
		}
		return found
	case reflect.Slice:
		return list(value)
	default:
		return fmt.Sprint(value.Interface())
	}
}

func object(value reflect.Value) any {
	found := map[string]any{}
	for i := range value.NumField() {
		if element := values(value.Field(i)); element != nil {
			found[value.Type().Field(i).Name] = element
		}
	}
	return found
}

func list(value reflect.Value) any {
	if value.Len() == 0 {
		return nil
	}
	found := []any{}
	for i := range value.Len() {
		found = append(found, values(value.Index(i)))
	}
	return found
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
