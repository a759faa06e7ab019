// What the two programs in Go share: the scenarios from standard input, what came of their calls to standard output.
// Each is built of this file and its own: go build scenarios.go v2.go
package main

import (
	"encoding/json"
	"os"
	"sync"
	"time"
)

type scenario struct {
	Endpoint, Region string
	Credentials      *struct{ AccessKeyId, SecretAccessKey string }
	AtOnce           bool
	NotBeforeMs      int64
	Calls            []call
}

type call struct {
	Operation string
	Input     json.RawMessage
}

type refusal struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

type answer struct {
	Output any      `json:"output,omitempty"`
	Error  *refusal `json:"error,omitempty"`
}

// open answers what makes a call of the scenario, refusalOf what an error is called.
func run(open func(scenario) func(call) (any, error), refusalOf func(error) refusal) {
	var scenarios []scenario
	if err := json.NewDecoder(os.Stdin).Decode(&scenarios); err != nil {
		panic(err)
	}
	answers := [][]answer{}
	for _, s := range scenarios {
		send := open(s)
		answers = append(answers, s.answers(func(c call) answer {
			output, err := send(c)
			if err == nil {
				return answer{Output: output}
			}
			refused := refusalOf(err)
			return answer{Error: &refused}
		}))
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		panic(err)
	}
}

func (s scenario) answers(answerOf func(call) answer) []answer {
	answers := make([]answer, len(s.Calls))
	if !s.AtOnce {
		for i, c := range s.Calls {
			answers[i] = answerOf(c)
		}
		return answers
	}
	time.Sleep(time.Until(time.UnixMilli(s.NotBeforeMs)))
	var running sync.WaitGroup
	for i, c := range s.Calls {
		running.Add(1)
		go func(i int, c call) {
			defer running.Done()
			answers[i] = answerOf(c)
		}(i, c)
	}
	running.Wait()
	return answers
}
