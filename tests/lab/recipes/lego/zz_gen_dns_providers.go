// Package dns stands in for the DNS providers of ACME, whose cloud SDKs are many and not all to be had.
package dns

import (
	"fmt"

	"github.com/go-acme/lego/v5/challenge"
)

// NewDNSChallengeProviderByName knows no provider.
func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("built without DNS providers: %q", name)
}
