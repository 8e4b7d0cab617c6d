using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Rows;
using ChunkStream.Postgres.Statements;
using NpgsqlTypes;

namespace ChunkStream.Functions.Tests.Postgres.Statements;

/// <summary>
/// Each value reaches Postgres unchanged and with the right type: Postgres itself is asked what it got.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class StatementValueTests(RealPostgres postgres) : IAsyncLifetime
{
    public Task InitializeAsync() => postgres.ExecuteAsync(
        "create type mood as enum ('sad', 'very happy'); "
        + "create table moods(id uuid primary key, mood mood, code char(4), note jsonb)");

    public Task DisposeAsync() => postgres.ExecuteAsync("drop table moods; drop type mood");

    [Fact]
    public async Task Each_type_has_its_own()
    {
        await IsAsync($"{5}", "5::int");
        await IsAsync($"{(int?)null}", "null::int");
        await IsAsync($"{(byte)200}", "200::smallint");
        await IsAsync($"{uint.MaxValue}", "4294967295::bigint");
        await IsAsync($"{long.MinValue}", "'-9223372036854775808'::bigint");
        await IsAsync($"{ulong.MaxValue}", "18446744073709551615::numeric");
        await IsAsync($"{BigInteger.Pow(10, 60)}", "(1" + new string('0', 60) + ")::numeric");
        await IsAsync($"{1.50m}", "1.50::numeric");
        await IsAsync($"{0.1f}", "0.1::real");
        await IsAsync($"{double.Epsilon}", "5e-324::float8");
        await IsAsync($"{double.NegativeInfinity}", "'-infinity'::float8");
        await IsAsync($"{double.NaN}", "'nan'::float8");
        await IsAsync($"{true}", "true");
        await IsAsync($"{new Guid("0123456789abcdef0123456789abcdef")}", "'0123456789abcdef0123456789abcdef'::uuid");
        await IsAsync($"{new byte[] { 0, 92, 255 }}", "'\\x005cff'::bytea");
        await IsAsync($"{IPAddress.Parse("fe80::1")}", "'fe80::1'::inet");
        await IsAsync($"{PhysicalAddress.Parse("08002B010203")}", "'08:00:2b:01:02:03'::macaddr");
    }

    [Fact]
    public async Task Times_are_moments_or_what_a_clock_shows()
    {
        var clock = new DateTime(2024, 2, 29, 23, 59, 59).AddTicks(9999999);
        var utc = DateTime.SpecifyKind(clock, DateTimeKind.Utc);
        await IsAsync($"{clock}", "'2024-02-29 23:59:59.999999'::timestamp");
        await IsAsync($"{utc}", "'2024-02-29 23:59:59.999999+00'::timestamptz");
        await IsAsync($"{utc.ToLocalTime()}", "'2024-02-29 23:59:59.999999+00'::timestamptz");
        await IsAsync(
            $"{new DateTimeOffset(clock, TimeSpan.FromMinutes(-90))}",
            "'2024-02-29 23:59:59.999999-01:30'::timestamptz");
        await IsAsync($"{DateTime.MinValue}", "'0001-01-01'::timestamp");
        await IsAsync($"{new DateOnly(5, 6, 7)}", "'0005-06-07'::date");
        await IsAsync($"{new TimeOnly(1, 2, 3, 4)}", "'01:02:03.004'::time");
        await IsAsync($"{new TimeSpan(-3, -4, -5, -6, -7)}", "'-3 days -04:05:06.007'::interval");
        await IsAsync($"{TimeSpan.MaxValue}", "'10675199 days 02:48:05.477580'::interval");
        await IsAsync(
            $"{new[] { utc, utc }}",
            "array['2024-02-29 23:59:59.999999+00', '2024-02-29 23:59:59.999999+00']::timestamptz[]");
    }

    [Fact]
    public async Task Sequences_are_arrays()
    {
        await IsAsync($"{new[] { 3, 1 }}", "array[3, 1]");
        await IsAsync($"{new List<int?> { 3, null }}", "array[3, null]");
        await IsAsync($"{Array.Empty<decimal>()}", "array[]::numeric[]");
        await IsAsync($"{(long[]?)null}", "null::bigint[]");
        await IsAsync($"{Enumerable.Range(1, 3).Select(number => number * 1.5)}", "array[1.5, 3, 4.5]::float8[]");
        await IsAsync($"{new[] { new byte[] { 1 }, [] }}", "array['\\x01', '']::bytea[]");
        await IsAsync(
            $"{new[] { "", "a\"b\\c", "NULL", "{,}", " ä ", null }}::text[]",
            "array['', 'a\"b\\c', 'NULL', '{,}', ' ä ', null]");
    }

    [Fact]
    public async Task Json_is_jsonb()
    {
        const string Text = """{"a": ["\u00e4'", 1.50, null]}""";
        const string Expected = $"'{{\"a\": [\"ä''\", 1.50, null]}}'::jsonb";
        using var document = JsonDocument.Parse(Text);

        await IsAsync($"{document}", Expected);
        await IsAsync($"{document.RootElement}", Expected);
        await IsAsync($"{JsonNode.Parse(Text)}", Expected);
        await IsAsync($"{(JsonNode?)null}", "null::jsonb");
    }

    [Fact]
    public async Task A_text_or_an_enum_takes_the_type_of_what_it_stands_beside_as_a_literal_does()
    {
        var id = Guid.NewGuid();
        await postgres.ExecuteAsync($"insert into moods values ('{id}', 'very happy', 'ab', '{{\"n\": 1}}')");
        string? nothing = null;

        Assert.Equal(1, await CountAsync($"id = {id}"));
        Assert.Equal(1, await CountAsync($"id = {id.ToString()}"));
        Assert.Equal(1, await CountAsync($"id = any({new List<string> { id.ToString() }})"));
        Assert.Equal(1, await CountAsync(
            $"mood = {Mood.VeryHappy} and mood = any({new[] { Mood.sad, Mood.VeryHappy }}) "
            + $"and mood > {nameof(Mood.sad)}"));
        Assert.Equal(
            1,
            await CountAsync($"code = {"ab"} and code = {"ab  "} and code like {"a" + '%'} and left(code, 1) = {'a'}"));
        Assert.Equal(1, await CountAsync($"note @> {"{\"n\": 1}"} and note -> {"n"} = {JsonNode.Parse("1")}"));
        Assert.Equal(
            1,
            await CountAsync($"({nothing} is null or code = {nothing}) and coalesce({nothing}, code) = {"ab"}"));
        Assert.Equal(0, await CountAsync($"code = {nothing}"));
        Assert.Equal(0, await CountAsync($"code = {"' or true --"}"));
    }

    // Compares value, type and scale with those of Postgres's own literal.
    private async Task IsAsync(SqlInterpolatedStringHandler value, string expected)
    {
        var statement = Statement.Create(value);
        var sql = $"select pg_typeof({statement.Sql})::text, ({statement.Sql})::text as text";
        var own = await postgres.OracleAsync($"select pg_typeof({expected})::text, ({expected})::text as text");
        Assert.Equal(Assert.Single(own), await StreamedAsync(statement with { Sql = sql }));
    }

    private async Task<int> CountAsync(SqlInterpolatedStringHandler condition)
    {
        var statement = Statement.Create(condition);
        var row = await StreamedAsync(
            statement with { Sql = $"select count(*)::int as n from moods where {statement.Sql}" });
        return int.Parse(row["{\"n\":".Length..^1], CultureInfo.InvariantCulture);
    }

    private async Task<string> StreamedAsync(Statement statement)
    {
        await using var source = new CursorSource(
            postgres.Database, new QueryRun(new(statement.Sql) { Parameters = statement.Values }), RecordEncoding.Json,
            TimeProvider.System, default);
        Assert.True(await source.WaitToReadAsync().AsTask().Within());
        Assert.True(source.TryRead());
        var buffer = new ArrayBufferWriter<byte>();
        var output = new ByteWriter(buffer);
        source.WriteRecord(output);
        output.Commit();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private enum Mood
    {
        sad,

        [PgName("very happy")]
        VeryHappy,
    }
}
