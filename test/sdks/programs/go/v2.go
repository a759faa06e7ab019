// The AWS SDK for Go v2.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/marketplaceentitlementservice"
	"github.com/aws/aws-sdk-go-v2/service/marketplaceentitlementservice/types"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering"
	"github.com/aws/smithy-go"
)

func main() { run(open, refusalOf) }

// The endpoint is that of STS too, which the credential providers ask.
func open(s scenario) func(call) (any, error) {
	resolver := aws.EndpointResolverWithOptionsFunc(func(_, region string, _ ...any) (aws.Endpoint, error) {
		return aws.Endpoint{URL: s.Endpoint, HostnameImmutable: true, SigningRegion: region}, nil
	})
	options := []func(*config.LoadOptions) error{config.WithRegion(s.Region), config.WithEndpointResolverWithOptions(resolver)}
	if s.Credentials != nil {
		given := credentials.NewStaticCredentialsProvider(s.Credentials.AccessKeyId, s.Credentials.SecretAccessKey, "")
		options = append(options, config.WithCredentialsProvider(given))
	}
	loaded, err := config.LoadDefaultConfig(context.Background(), options...)
	if err != nil {
		panic(err)
	}
	return func(c call) (any, error) { return send(loaded, c) }
}

func refusalOf(err error) refusal {
	var known smithy.APIError
	if errors.As(err, &known) {
		return refusal{known.ErrorCode(), known.ErrorMessage()}
	}
	return refusal{fmt.Sprintf("%T", err), err.Error()}
}

func send(loaded aws.Config, c call) (any, error) {
	metering := marketplacemetering.NewFromConfig(loaded)
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
		output, err := sent(c.Input, marketplaceentitlementservice.NewFromConfig(loaded).GetEntitlements)
		return withNamedValues(output), err
	case "LookupEvents":
		return sent(c.Input, cloudtrail.NewFromConfig(loaded).LookupEvents)
	}
	return nil, errors.New("no such operation: " + c.Operation)
}

type namedValue struct {
	types.Entitlement
	Value map[string]any
}

// What a value is of, the SDK says by its type, which JSON does not show.
func withNamedValues(output *marketplaceentitlementservice.GetEntitlementsOutput) any {
	if output == nil {
		return nil
	}
	entitlements := []namedValue{}
	for _, entitlement := range output.Entitlements {
		entitlements = append(entitlements, namedValue{entitlement, named(entitlement.Value)})
	}
	return map[string]any{"Entitlements": entitlements, "NextToken": output.NextToken}
}

func named(value types.EntitlementValue) map[string]any {
	switch value := value.(type) {
	case *types.EntitlementValueMemberBooleanValue:
		return map[string]any{"BooleanValue": value.Value}
	case *types.EntitlementValueMemberDoubleValue:
		return map[string]any{"DoubleValue": value.Value}
	case *types.EntitlementValueMemberIntegerValue:
		return map[string]any{"IntegerValue": value.Value}
	case *types.EntitlementValueMemberStringValue:
		return map[string]any{"StringValue": value.Value}
	}
	return nil
}

func sent[I, O, P any](raw json.RawMessage, operation func(context.Context, *I, ...func(*P)) (*O, error)) (*O, error) {
	input := new(I)
	if err := json.Unmarshal(raw, input); err != nil {
		return nil, err
	}
	return operation(context.Background(), input)
}
