using System.CodeDom.Compiler;
using System.ComponentModel.DataAnnotations;
using ChunkStream.App;
using ChunkStream.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Identity;
using ChunkStream.LocalHost;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Queries;
using ChunkStream.Streaming;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ChunkStream.Functions.Tests;

public sealed class ConfigurationTests
{
    [Fact]
    public void Defaults_are_what_the_documentation_says()
    {
        var streaming = new StreamingOptions();
        Assert.Equal(32 * 1024, streaming.FlushBytes);
        Assert.Equal(15, streaming.FirstRecordSeconds);
        Assert.Equal(15, streaming.HeartbeatSeconds);
        Assert.Null(streaming.MaxDurationSeconds);
        Assert.Equal(3, streaming.ShutdownSeconds);

        var postgres = new PostgresOptions();
        Assert.Equal(256 * 1024, postgres.FetchBytes);
        Assert.Equal(64, postgres.FetchesAhead);
        Assert.Equal(15, postgres.ConnectSeconds);
        Assert.Equal(10, postgres.StallSeconds);
        Assert.Equal(300, postgres.IdleSeconds);
        Assert.Equal(200, postgres.QueueLength);
        Assert.Equal(10, postgres.QueueSeconds);

        var streams = new DurableStreamOptions();
        Assert.Equal(10, streams.Connections);
        Assert.Equal(10L * 1024 * 1024 * 1024, streams.MaxStreamBytes);
        Assert.Equal(5_000, streams.MaxReaders);
        Assert.Equal(30, streams.SweepSeconds);

        var queries = new QueryOptions();
        Assert.Equal("queries", queries.QueriesPath);
        Assert.Null(queries.DefaultQuery);
        Assert.Null(queries.ResumeKey);
    }

    [Theory]
    [InlineData("ChunkStream:Streaming:FlushBytes", "0")]
    [InlineData("ChunkStream:Streaming:FirstRecordSeconds", "201")]
    [InlineData("ChunkStream:Streaming:HeartbeatSeconds", "0")]
    [InlineData("ChunkStream:Streaming:MaxDurationSeconds", "0")]
    [InlineData("ChunkStream:Streaming:ShutdownSeconds", "-1")]
    [InlineData("ChunkStream:Postgres:FetchBytes", "17000000")]
    [InlineData("ChunkStream:Postgres:FetchesAhead", "0")]
    [InlineData("ChunkStream:Postgres:StallSeconds", "0")]
    [InlineData("ChunkStream:Postgres:IdleSeconds", "100000")]
    [InlineData("ChunkStream:Postgres:QueueLength", "-1")]
    [InlineData("ChunkStream:Postgres:QueueSeconds", "61")]
    [InlineData("ChunkStream:Streams:Connections", "1")]
    [InlineData("ChunkStream:Streams:MaxStreamBytes", "1023")]
    [InlineData("ChunkStream:Streams:MaxReaders", "0")]
    [InlineData("ChunkStream:Streams:SweepSeconds", "-1")]
    [InlineData("ChunkStream:QueriesPath", "")]
    [InlineData("ChunkStream:DefaultQuery", "")]
    [InlineData("ChunkStream:ResumeKey", "short")]
    [InlineData("ChunkStream:ResumeKey", "                                        ")]
    [InlineData("ChunkStream:ResumeKey", "for local development only; in Azure: openssl rand -base64 32")]
    [InlineData("ChunkStream:ResumeKey", "for development on this machine alone")]
    [InlineData("ChunkStream:QueryPath", "queries")]
    public async Task A_bad_setting_is_refused_at_start_by_name(string key, string value)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(
            () => LocalApi.StartAsync(settings: (key, value)));

        Assert.Contains(key[(key.LastIndexOf(':') + 1)..], failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_mistakes_are_reported_at_once()
    {
        var failure = await Assert.ThrowsAsync<AggregateException>(() => LocalApi.StartAsync(settings:
        [
            ("ChunkStream:Streaming:FlushByte", "100"),
            ("ChunkStream:Streaming:FlushBytes", "many"),
            ("ChunkStream:Streaming:HeartbeatSeconds", "1000"),
            ("ChunkStream:ResumeKey", "short"),
        ]));

        var mistakes = failure.InnerExceptions.Cast<OptionsValidationException>()
            .SelectMany(invalid => invalid.Failures).ToArray();
        Assert.Equal(4, mistakes.Length);
        Assert.Contains(
            "ChunkStream:Streaming:FlushByte is not a setting; ChunkStream:Streaming has FlushBytes,",
            mistakes[0] + mistakes[1], StringComparison.Ordinal);
        Assert.Contains(
            "ChunkStream:Streaming:FlushBytes must be a whole number, but is 'many'",
            mistakes[0] + mistakes[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Each_class_of_settings_whose_attributes_say_what_is_allowed_has_its_check()
    {
        Type[] ofEachProject =
        [
            typeof(StreamingOptions), typeof(PostgresOptions), typeof(DurableStreamOptions), typeof(IdentityOptions),
            typeof(EndpointTable), typeof(LocalApp),
        ];
        var types = ofEachProject.SelectMany(type => type.Assembly.GetTypes()).ToArray();
        var settings = types.Where(type => type.GetField("Section") is not null && type.GetProperties()
            .Any(property => property.IsDefined(typeof(ValidationAttribute), inherit: true)));

        // The compiler writes the checks, and marks them.
        var checks = types.Where(type => type.GetMethods().Any(method => method.Name == "Validate"
            && method.IsDefined(typeof(GeneratedCodeAttribute), inherit: false)));
        Assert.Equal(
            settings.Select(type => $"{type.Name}Attributes").Order(), checks.Select(type => type.Name).Order());
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("-1", null)]
    [InlineData("00:10:00", 585.0)]
    [InlineData("00:00:31", 16.0)]
    [InlineData("00:00:20", 10.0)]
    public void A_stream_ends_before_the_platform_ends_the_call(string? functionTimeout, double? seconds)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("functionTimeout", functionTimeout)]).Build();

        var expected = seconds is { } limit ? TimeSpan.FromSeconds(limit) : Timeout.InfiniteTimeSpan;
        Assert.Equal(expected, PlatformTimeLimit.Read(configuration).StreamLimit);
    }

    [Fact]
    public void An_app_setting_overrides_the_time_limit_of_host_json()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            [new("functionTimeout", "00:10:00"), new("AzureFunctionsJobHost:functionTimeout", "00:05:00")]).Build();

        Assert.Equal(TimeSpan.FromMinutes(5), PlatformTimeLimit.Read(configuration).CallLimit);
    }
}
