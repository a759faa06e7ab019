// The AWS SDK for Go v1.
package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/endpoints"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/cloudtrail"
	"github.com/aws/aws-sdk-go/service/marketplaceentitlementservice"
	"github.com/aws/aws-sdk-go/service/marketplacemetering"
)

func main() { run(open, refusalOf) }

// The endpoint is that of STS too, which the credential providers ask; the metadata service has its own.
func open(s scenario) func(call) (any, error) {
	resolver := endpoints.ResolverFunc(func(service, region string, options ...func(*endpoints.Options)) (endpoints.ResolvedEndpoint, error) {
		resolved, err := endpoints.DefaultResolver().EndpointFor(service, region, options...)
		if service != endpoints.Ec2metadataServiceID {
			resolved.URL = s.Endpoint
		}
		return resolved, err
	})
	settings := aws.Config{Region: aws.String(s.Region), EndpointResolver: resolver}
	if s.Credentials != nil {
		settings.Credentials = credentials.NewStaticCredentials(s.Credentials.AccessKeyId, s.Credentials.SecretAccessKey, "")
	}
	opened := session.Must(session.NewSession(&settings))
	return func(c call) (any, error) { return send(opened, c) }
}

func refusalOf(err error) refusal {
	var known awserr.Error
	if errors.As(err, &known) {
		return refusal{known.Code(), known.Message()}
	}
	return refusal{fmt.Sprintf("%T", err), err.Error()}
}

func send(opened *session.Session, c call) (any, error) {
	metering := marketplacemetering.New(opened)
	switch c.Operation {
	case "BatchMeterUsage":
		return sent(c.Input, metering.BatchMeterUsage)
	case "MeterUsage":
		return sent(c.Input, metering.MeterUsage)
	case "RegisterUsage":
		return sent(c.Input, metering.RegisterUsage)
	case "ResolveCustomer":
		return sent(c.Input, metering.ResolveCustomer)
	case "GetEntitlements":
		return sent(c.Input, marketplaceentitlementservice.New(opened).GetEntitlements)
	case "LookupEvents":
		return sent(c.Input, cloudtrail.New(opened).LookupEvents)
	}
	return nil, errors.New("no such operation: " + c.Operation)
}

func sent[I, O any](raw json.RawMessage, operation func(*I) (*O, error)) (any, error) {
	input := new(I)
	if err := json.Unmarshal(raw, input); err != nil {
		return nil, err
	}
	return operation(input)
}
