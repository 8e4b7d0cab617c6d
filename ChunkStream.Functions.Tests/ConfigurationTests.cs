using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres;
using ChunkStream.Streaming;
using Microsoft.Extensions.Options;

namespace ChunkStream.Functions.Tests;

public sealed class ConfigurationTests
{
    [Fact]
    public void Defaults_are_what_the_documentation_says()
    {
        var streaming = new StreamingOptions();
        Assert.Equal(32 * 1024, streaming.FlushBytes);

        var postgres = new PostgresOptions();
        Assert.Equal("large_table", postgres.Table);
        Assert.Equal(256 * 1024, postgres.FetchBytes);
        Assert.Equal(16, postgres.FetchesAhead);
        Assert.Equal(15, postgres.ConnectSeconds);
    }

    [Theory]
    [InlineData("ChunkStream:Streaming:FlushBytes", "0")]
    [InlineData("ChunkStream:Postgres:FetchBytes", "17000000")]
    [InlineData("ChunkStream:Postgres:FetchesAhead", "0")]
    [InlineData("ChunkStream:Postgres:Table", "")]
    [InlineData("ChunkStream:Postgres:Table", "a; drop table b")]
    [InlineData("ChunkStream:Postgres:Table", "a.b.c")]
    [InlineData("ChunkStream:Postgres:Table", "\"unclosed")]
    [InlineData("ChunkStream:Postgres:Table", "a--")]
    public async Task A_bad_setting_is_refused_at_start_by_name(string key, string value)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => LocalApi.StartAsync(settings: (key, value)));

        Assert.Contains(key[(key.LastIndexOf(':') + 1)..], failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("orders")]
    [InlineData("sales.orders")]
    [InlineData("\"Mixed Case\".\"with \"\" quote\"")]
    [InlineData("größe")]
    public async Task A_table_is_named_as_SQL_spells_it(string table)
    {
        await using var api = await LocalApi.StartAsync(settings: ("ChunkStream:Postgres:Table", table));
    }

    [Fact]
    public async Task A_setting_that_there_is_not_is_refused_at_start()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => LocalApi.StartAsync(settings: ("ChunkStream:Streaming:FlushByte", "100")));

        Assert.Contains("FlushByte", failure.Message, StringComparison.Ordinal);
    }
}
