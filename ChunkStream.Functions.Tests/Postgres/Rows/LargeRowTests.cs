using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Rows;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Rows;

/// <summary>Rows that are larger than the bound.</summary>
[Collection(RealPostgres.Collection)]
public sealed class LargeRowTests(RealPostgres postgres)
{
    private const int Bound = 1024 * 1024;
    private const int Readers = 8;
    private const int LargeBytes = 40 * Bound;

    [Fact]
    public async Task
        A_row_that_is_larger_than_the_bound_is_refused_by_the_name_of_its_column_after_all_that_come_before_it()
    {
        await using var database = Database("");
        await using var source = Open(database, new PostgresQuery(
            $"select n as a, null::text as nothing, case when n = 700 then repeat('x', {Bound}) "
            + "else 'x' end as large, 1 as b from generate_series(1, 1000) n"));
        var rows = 0;

        var failure = await Assert.ThrowsAsync<RowTooLargeException>(async () =>
        {
            for (; await source.WaitToReadAsync().Within();)
            {
                for (; source.TryRead(); rows++)
                    Written.By(source.WriteRecord);
            }
        });

        Assert.Equal(699, rows);
        var problem = source.Describe(failure);
        Assert.Equal(("urn:chunkstream:row-too-large", 500), (problem.Type, problem.Status));
        Assert.Contains("'large'", problem.Detail, StringComparison.Ordinal);
        Assert.Contains($"{Bound} bytes", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_comes_first_is_refused_before_the_first_byte_and_a_key_does_not_have_it_tried_again()
    {
        await using var database = Database("");
        await using var source = Open(database, new PostgresQuery($"select 1 as id, repeat('x', {Bound}) as large")
        {
            Key = [new KeyColumn("id", IsDescending: false)],
        });

        await Assert.ThrowsAsync<RowTooLargeException>(() => source.WaitToReadAsync().Within());
    }

    [Fact]
    public async Task A_column_that_is_only_in_the_key_is_named_and_a_failure_of_such_a_size_is_one_too()
    {
        await using var database = Database("");
        var query = $"select 1 as b, jsonb_build_array(repeat('x', {Bound * 2 / 3})) as \"the key\"";
        await using var keyed = Open(database, new PostgresQuery(query)
        {
            Key = [new KeyColumn("the key", IsDescending: false)],
        });
        var tooLarge = await Assert.ThrowsAsync<RowTooLargeException>(() => keyed.WaitToReadAsync().Within());
        Assert.Contains("'the key'", tooLarge.Message, StringComparison.Ordinal);

        await postgres.ExecuteAsync(
            "create or replace function shout() returns int language plpgsql "
            + $"as $$ begin raise exception '%', repeat('x', {Bound}); end $$");
        await using var raised = Open(database, new PostgresQuery("select shout() as a"));
        var failure = await Assert.ThrowsAsync<NpgsqlException>(() => raised.WaitToReadAsync().Within());
        Assert.Equal("urn:chunkstream:broken-query", raised.Describe(failure).Type);
    }

    [Fact]
    public async Task A_connection_is_of_use_again_after_a_row_was_refused()
    {
        // One connection for streams, and one that is kept for health.
        await using var database = Database(";Maximum Pool Size=2");
        for (var time = 0; time < 3; time++)
        {
            var query = new PostgresQuery($"select repeat('x', {LargeBytes}) as large from generate_series(1, 100)");
            await using (var source = Open(database, query))
                await Assert.ThrowsAsync<RowTooLargeException>(() => source.WaitToReadAsync().Within());
            await using var other = Open(database, new PostgresQuery($"select repeat('x', {Bound - 6}) as a"));
            Assert.True(await other.WaitToReadAsync().Within());
        }

        await postgres.AssertNothingRunsAsync();
    }

    [Fact]
    public async Task Many_readers_of_rows_that_are_too_large_cost_the_process_no_memory()
    {
        if (!OperatingSystem.IsLinux())
            return; // Only there can another process's peak be asked for.

        var queries = Directory.CreateTempSubdirectory("large-rows");
        await File.WriteAllTextAsync(
            Path.Combine(queries.FullName, "large.sql"), $"select repeat('x', {LargeBytes}) as large");
        await File.WriteAllTextAsync(Path.Combine(queries.FullName, "small.sql"), "select 'x' as small");
        var port = ServerPort.Take();
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet",
            [typeof(LocalHostOptions).Assembly.Location, "--port", $"{port}", "--database", postgres.ConnectionString])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["ChunkStream__Postgres__MaxRowBytes"] = $"{Bound}",
                ["ChunkStream__QueriesPath"] = queries.FullName,

                // On a busy machine the rows take a while; a response that began without them could say no status.
                ["ChunkStream__Streaming__FirstRecordSeconds"] = "200",
            },
        })!;
        try
        {
            while (await process.StandardOutput.ReadLineAsync().Within(WebProgram.StartLimit) is { } line
                && !line.StartsWith("ChunkStream is ready", StringComparison.Ordinal))
            {
            }

            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
            {
                BaseAddress = new Uri($"http://localhost:{port}/api/"),
            };
            await Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => client.GetStringAsync("queries/small")))
                .Within();
            var before = PeakBytes(process);

            var answers = await Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => client.GetAsync("queries/large")))
                .Within();

            // The rows together have 320 MB, and the arrays that would hold them 512.
            Assert.InRange(PeakBytes(process) - before, 0, 60L * 1024 * 1024);
            foreach (var answer in answers)
            {
                Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
                var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
                Assert.Equal("urn:chunkstream:row-too-large", problem.GetProperty("type").GetString());
            }
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            queries.Delete(recursive: true);
        }
    }

    private static long PeakBytes(Process process)
    {
        var line = File.ReadLines($"/proc/{process.Id}/status")
            .First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }

    private PostgresDatabase Database(string settings)
        => new(
            ConfiguredConnection.Create(postgres.ConnectionString + settings),
            new PostgresOptions { MaxRowBytes = Bound }, TimeProvider.System, NullLoggerFactory.Instance);

    private static CursorSource Open(PostgresDatabase database, PostgresQuery query)
        => new(database, new QueryRun(query), RecordEncoding.Json, TimeProvider.System, default);
}
