// The oracle answers what Traefik makes of default rules and constraints: JSON lines in, JSON lines out.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"

	"github.com/traefik/traefik/v3/pkg/provider"
	"github.com/traefik/traefik/v3/pkg/provider/constraints"
)

// question has either a template or an expression.
type question struct {
	Template      *string
	Expression    string
	Name          string
	ContainerName string
	Labels        map[string]string
}

// answer has either a result (a rule, or true or false) or an error.
type answer struct {
	Result string `json:"result"`
	Error  string `json:"error"`
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			panic(err)
		}
		if err := answers.Encode(answerTo(asked)); err != nil {
			panic(err)
		}
	}
}

func answerTo(asked question) answer {
	result, err := match(asked)
	if asked.Template != nil {
		result, err = render(asked)
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Result: result}
}

func match(asked question) (string, error) {
	matches, err := constraints.MatchLabels(asked.Labels, asked.Expression)
	if matches {
		return "true", err
	}
	return "false", err
}

func render(asked question) (string, error) {
	template, err := provider.MakeDefaultRuleTemplate(*asked.Template, nil)
	if err != nil {
		return "", err
	}
	model := struct {
		Name          string
		ContainerName string
		Labels        map[string]string
	}{asked.Name, asked.ContainerName, asked.Labels}
	var printed strings.Builder
	err = template.Execute(&printed, model)
	return printed.String(), err
}
