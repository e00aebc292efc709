package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
)

// A question has one input, or a batch of which only the errors are asked.
type question struct {
	Decoder string              `json:"decoder"`
	Input   map[string]string   `json:"input"`
	Batch   []map[string]string `json:"batch"`
}

type answer struct {
	Error   string   `json:"error"`
	Decoded any      `json:"decoded"`
	Errors  []string `json:"errors"`
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
	decode := decoders[asked.Decoder]
	if asked.Batch != nil {
		return answer{Errors: refusals(decode, asked.Batch)}
	}
	decoded, err := decode(asked.Input)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Decoded: values(reflect.ValueOf(decoded))}
}

// refusals has an error, or "", for each of a batch.
func refusals(decode func(map[string]string) (any, error), batch []map[string]string) []string {
	found := []string{}
	for _, input := range batch {
		if _, err := decode(input); err != nil {
			found = append(found, err.Error())
		} else {
			found = append(found, "")
		}
	}
	return found
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
