# The AWS SDK for Ruby: its core, and the operations written here as its generator writes them (a distribution packages
# the core, and few services).
require "aws-sdk-core"
require "json"
require "time"
require "seahorse/client/plugins/content_length"
%w[
  credentials_configuration logging param_converter param_validator user_agent helpful_socket_errors retry_errors
  global_configuration regional_endpoint response_paging stub_responses idempotency_token transfer_encoding signature_v4
  protocols/json_rpc
].each { |name| require "aws-sdk-core/plugins/#{name}" }

include Seahorse::Model

SCALARS = {
  string: Shapes::StringShape.new, integer: Shapes::IntegerShape.new, double: Shapes::FloatShape.new,
  boolean: Shapes::BooleanShape.new, timestamp: Shapes::TimestampShape.new
}

# As the SDK's generator names members and operations.
def underscore(name)
  name.to_s.gsub(/([A-Z]+)([A-Z][a-z])/, '\\1_\\2').gsub(/([a-z\d])([A-Z])/, '\\1_\\2').downcase
end

def ref(shape)
  Shapes::ShapeRef.new(shape: SCALARS.fetch(shape, shape))
end

def list(shape)
  Shapes::ListShape.new.tap { |made| made.member = ref(shape) }
end

def map(shape)
  Shapes::MapShape.new.tap do |made|
    made.key = ref(:string)
    made.value = ref(shape)
  end
end

# Members by their names on the wire.
def structure(members)
  names = members.keys.to_h { |name| [name, underscore(name).to_sym] }
  Shapes::StructureShape.new.tap do |made|
    members.each do |name, shape|
      made.add_member(names[name], Shapes::ShapeRef.new(shape: SCALARS.fetch(shape, shape), location_name: name.to_s))
    end
    made.struct_class = Struct.new(*names.values, keyword_init: false) { include Aws::Structure }
  end
end

def service(name, metadata, operations)
  api = Api.new.tap do |made|
    made.metadata = { "protocol" => "json", "jsonVersion" => "1.1", "signatureVersion" => "v4" }.merge(metadata)
    operations.each do |operation, (input, output)|
      made.add_operation(underscore(operation).to_sym, Operation.new.tap do |o|
        o.name = operation.to_s
        o.http_method = "POST"
        o.http_request_uri = "/"
        o.input = ref(structure(input))
        o.output = ref(structure(output))
      end)
    end
  end
  errors = Module.new { extend Aws::Errors::DynamicErrors }
  Aws.const_set(name, Module.new)
  Aws.const_get(name).const_set(:Errors, errors)
  Aws.const_get(name).const_set(:Client, client_of(name, api, errors))
end

def client_of(name, api, errors)
  identifier = underscore(name).to_sym
  Aws::Plugins::GlobalConfiguration.add_identifier(identifier)
  Class.new(Seahorse::Client::Base) do
    include Aws::ClientStubs
    define_singleton_method(:identifier) { identifier }
    define_singleton_method(:errors_module) { errors }
    set_api(api)
    add_plugin(Seahorse::Client::Plugins::ContentLength)
    [
      :CredentialsConfiguration, :Logging, :ParamConverter, :ParamValidator, :UserAgent, :HelpfulSocketErrors,
      :RetryErrors, :GlobalConfiguration, :RegionalEndpoint, :ResponsePaging, :StubResponses, :IdempotencyToken,
      :TransferEncoding, :SignatureV4
    ].each { |plugin| add_plugin(Aws::Plugins.const_get(plugin)) }
    add_plugin(Aws::Plugins::Protocols::JsonRpc)

    define_method(:build_request) do |operation_name, params = {}|
      context = Seahorse::Client::RequestContext.new(
        operation_name: operation_name, operation: config.api.operation(operation_name),
        client: self, params: params, config: config
      )
      context[:gem_name] = "aws-sdk-core"
      context[:gem_version] = Aws::CORE_GEM_VERSION
      Seahorse::Client::Request.new(@handlers.for(operation_name), context)
    end
  end
end

tag = structure(Key: :string, Value: :string)
allocations = list(structure(AllocatedUsageQuantity: :integer, Tags: list(tag)))
record = structure(
  Timestamp: :timestamp, CustomerIdentifier: :string, CustomerAWSAccountId: :string, LicenseArn: :string,
  Dimension: :string, Quantity: :integer, UsageAllocations: allocations
)
result = structure(UsageRecord: record, MeteringRecordId: :string, Status: :string)
customer = { CustomerIdentifier: :string, CustomerAWSAccountId: :string, ProductCode: :string, LicenseArn: :string }
value = structure(IntegerValue: :integer, DoubleValue: :double, BooleanValue: :boolean, StringValue: :string)
entitlement = structure(**customer, Dimension: :string, Value: value, ExpirationDate: :timestamp)
event = structure(
  EventId: :string, EventName: :string, ReadOnly: :string, AccessKeyId: :string, EventTime: :timestamp,
  EventSource: :string, Username: :string, CloudTrailEvent: :string
)

service(
  :MarketplaceMetering,
  { "endpointPrefix" => "metering.marketplace", "signingName" => "aws-marketplace", "serviceId" => "Marketplace Metering",
    "targetPrefix" => "AWSMPMeteringService", "uid" => "meteringmarketplace-2016-01-14" },
  BatchMeterUsage: [
    { ProductCode: :string, UsageRecords: list(record) },
    { Results: list(result), UnprocessedRecords: list(record) }
  ],
  MeterUsage: [
    { ProductCode: :string, Timestamp: :timestamp, UsageDimension: :string, UsageQuantity: :integer, DryRun: :boolean,
      UsageAllocations: allocations, ClientToken: :string },
    { MeteringRecordId: :string }
  ],
  RegisterUsage: [
    { ProductCode: :string, PublicKeyVersion: :integer, Nonce: :string },
    { PublicKeyRotationTimestamp: :timestamp, Signature: :string }
  ],
  ResolveCustomer: [{ RegistrationToken: :string }, customer]
)
service(
  :MarketplaceEntitlementService,
  { "endpointPrefix" => "entitlement.marketplace", "signingName" => "aws-marketplace",
    "serviceId" => "Marketplace Entitlement Service", "targetPrefix" => "AWSMPEntitlementService",
    "uid" => "entitlement.marketplace-2017-01-11" },
  GetEntitlements: [
    { ProductCode: :string, Filter: map(list(:string)), NextToken: :string, MaxResults: :integer },
    { Entitlements: list(entitlement), NextToken: :string }
  ]
)
service(
  :CloudTrail,
  { "endpointPrefix" => "cloudtrail", "serviceId" => "CloudTrail", "uid" => "cloudtrail-2013-11-01",
    "targetPrefix" => "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101" },
  LookupEvents: [
    { LookupAttributes: list(structure(AttributeKey: :string, AttributeValue: :string)), StartTime: :timestamp,
      EndTime: :timestamp, MaxResults: :integer, NextToken: :string },
    { Events: list(event), NextToken: :string }
  ]
)

CLIENTS = {
  "metering" => Aws::MarketplaceMetering::Client, "entitlement" => Aws::MarketplaceEntitlementService::Client,
  "cloudtrail" => Aws::CloudTrail::Client
}

# What the wire calls members, as the SDK calls them, and back.
def inward(value)
  return value.map { |item| inward(item) } if value.is_a?(Array)
  return value unless value.is_a?(Hash)

  value.to_h do |name, item|
    time = %w[Timestamp StartTime EndTime].include?(name)
    # The keys of a filter are data.
    next [name.match?(/\A[A-Z_]+\z/) ? name : underscore(name).to_sym, time ? Time.parse(item) : inward(item)]
  end
end

def outward(value, shape)
  case shape
  when Shapes::StructureShape
    shape.members.filter_map { |name, member| [member.location_name, outward(value[name], member.shape)] unless value[name].nil? }.to_h
  when Shapes::ListShape then value.map { |item| outward(item, shape.member.shape) }
  when Shapes::TimestampShape then value.utc.iso8601(3)
  else value
  end
end

# This version's chain reads neither the endpoint of STS nor the port of the metadata service from the environment: its
# providers are told.
def credentials_of(scenario)
  given = scenario["credentials"]
  return { credentials: Aws::Credentials.new(given["accessKeyId"], given["secretAccessKey"]) } if given

  metadata = ENV["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
  return { credentials: Aws::InstanceProfileCredentials.new(port: URI(metadata).port) } if metadata

  sts = Aws::STS::Client.new(region: scenario["region"], endpoint: ENV.fetch("AWS_ENDPOINT_URL_STS"), credentials: nil)
  { credentials: Aws::AssumeRoleWebIdentityCredentials.new(
    client: sts, role_arn: ENV.fetch("AWS_ROLE_ARN"), web_identity_token_file: ENV["AWS_WEB_IDENTITY_TOKEN_FILE"],
    role_session_name: ENV.fetch("AWS_ROLE_SESSION_NAME", "ruby")
  ) }
end

answers = JSON.parse($stdin.read).map do |scenario|
  clients = Hash.new do |made, service|
    made[service] = CLIENTS[service].new(
      endpoint: scenario["endpoint"], region: scenario["region"], **credentials_of(scenario)
    )
  end
  answer = lambda do |call|
    operation = underscore(call["operation"]).to_sym
    client = clients[call["service"]]
    output = client.build_request(operation, inward(call["input"])).send_request
    { output: outward(output.data, client.config.api.operation(operation).output.shape) }
  rescue Aws::Errors::ServiceError => error
    { error: { name: error.code, message: error.message } }
  rescue StandardError => error
    { error: { name: error.class.name, message: error.message } }
  end
  next scenario["calls"].map(&answer) unless scenario["atOnce"]

  scenario["calls"].map { |call| clients[call["service"]] }
  sleep([0, scenario["notBeforeMs"] / 1000.0 - Time.now.to_f].max)
  scenario["calls"].map { |call| Thread.new { answer.call(call) } }.map(&:value)
end
puts JSON.generate(answers)
