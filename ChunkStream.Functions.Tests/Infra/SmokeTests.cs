using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Functions.Tests.Infra;

/// <summary>
/// The smoke test of a deployment, against an app that is in order, and against one that is not. It looks at times, so
/// nothing else may run beside it.
/// </summary>
[Collection(Alone.Collection)]
public sealed class SmokeTests(RealPostgres postgres)
{
    private const string Numbers = """
        -- param: count integer = 10
        -- key: n
        -- key-check: each-row
        -- access: anonymous
        select n from generate_series(1, @count) n
        """;

    [Fact]
    public async Task An_app_that_is_in_order_passes_each_check()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, new QueryFiles().With("rows", Numbers),
            ("ChunkStream:Streaming:HeartbeatSeconds", "0.4"));
        var (exitCode, rows) = await RunAsync(
            new Uri(api.Client.BaseAddress!, "/api"), "--silence", "1", "--leave", "5", "--hold", "3",
            "--hold-seconds", "1");

        Assert.All(rows, row => Assert.Contains("| pass |", row, StringComparison.Ordinal));
        Assert.Equal(8, rows.Length);
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public async Task What_is_not_in_order_fails_and_what_can_not_be_asked_is_skipped()
    {
        // A proxy that gathers all of a body before it passes it on, and keeps the key to itself.
        await using var gathering = await PlainApi.StartAsync(app =>
        {
            app.MapGet("/api/lines", async (int count, int intervalMs) =>
            {
                await Task.Delay(count * intervalMs);
                return string.Concat(Enumerable.Range(0, count).Select(number => $"Line {number}\n"));
            });
            app.MapGet("/api/public/queries/rows", (string format) => format == "frames"
                ? Results.Text("<html>A page of the proxy's own.</html>")
                : Results.NotFound());
            app.MapPut("/api/streams/{**path}", () => Results.Unauthorized());
            app.MapGet("/api/health", () => Results.Json(
                new { dependencies = new { postgres = "down: It is." } }, statusCode: 503));
        });
        var (exitCode, rows) = await RunAsync(
            new Uri(gathering.Client.BaseAddress!, "/api"), "--silence", "0", "--leave", "5");

        Assert.Equal(1, exitCode);
        Assert.Collection(
            rows,
            Says("| FAIL | 503: {\"postgres\":\"down: It is.\"}"),
            Says("| FAIL | A chunk was "),
            Says("| FAIL | The answer is not one of ChunkStream's: "),
            Says("gave 404"),
            Says("| skip | It needs --key."),
            Says("| skip | This app's /health"));

        static Action<string> Says(string text)
            => row => Assert.Contains(text, Plain(row), StringComparison.Ordinal);

        // Without the column of the time that it took.
        static string Plain(string row)
        {
            var cells = row.Split(" | ");
            return string.Join(" | ", [.. cells[..2], .. cells[3..]]);
        }
    }

    private static async Task<(int ExitCode, string[] Rows)> RunAsync(Uri app, params string[] options)
    {
        var program = Path.Combine(Built.Folder("ChunkStream.Benchmarks"), "ChunkStream.Benchmarks.dll");
        await using var run = RunningProgram.Start(
            "dotnet",
            [
                program, "smoke", app.ToString(), "--generator", "lines?count={count}&intervalMs={interval}", "--query",
                "public/queries/rows?count={count}", .. options,
            ]);
        var (exitCode, output, errors) = await run.EndAsync();
        Assert.DoesNotContain("Exception", errors, StringComparison.Ordinal);
        var rows = output.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal));
        return (exitCode, [.. rows.Skip(1)]);
    }
}
