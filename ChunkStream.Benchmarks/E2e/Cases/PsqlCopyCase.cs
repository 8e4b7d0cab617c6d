using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.E2e.Servers;

namespace ChunkStream.Benchmarks.E2e.Cases;

/// <summary>
/// psql's binary copy to nowhere, which is as fast as Postgres sends over one connection. All runs use one session, so
/// that the figure has neither the program's start nor its connecting in it.
/// </summary>
/// <param name="name">The name of the case.</param>
/// <param name="query">The query whose rows are copied.</param>
/// <param name="database">The database.</param>
/// <param name="rows">How many rows the query has.</param>
/// <param name="records">How many records these rows hold; null if each row is one.</param>
internal sealed class PsqlCopyCase(
    string name,
    string query,
    Func<CancellationToken, Task<TestDatabase>> database,
    long rows,
    long? records = null) : IBenchmarkCase
{
    private const string Tag = "COPY ";

    private static readonly string Nowhere = OperatingSystem.IsWindows() ? "NUL" : "/dev/null";

    private Process? _psql;

    /// <inheritdoc />
    public string Name => name;

    /// <inheritdoc />
    public string What => "psql `\\copy … (format binary)`: Postgres itself, no web server";

    /// <inheritdoc />
    public int MostRounds => int.MaxValue;

    /// <inheritdoc />
    public bool HasWarmUp => true;

    /// <inheritdoc />
    public ProcessUsage Usage =>
        _psql is null ? ProcessUsage.Unknown : ProcessUsage.Read(_psql.Id, hasChildren: false);

    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellation)
    {
        var place = await database(cancellation);
        try
        {
            _psql = Process.Start(
                new ProcessStartInfo("psql", ["--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", place.Url])
                {
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                });
        }
        catch (Win32Exception e)
        {
            throw new MissingPeerException(
                "Needs psql on the PATH: `apt-get install postgresql-client`, or https://www.postgresql.org/download",
                e);
        }
    }

    /// <inheritdoc />
    public async Task<Sample> RunAsync(CancellationToken cancellation)
    {
        var before = Usage.Cpu;
        var began = Stopwatch.GetTimestamp();
        await _psql!.StandardInput.WriteLineAsync(
            $"\\copy ({query}) to '{Nowhere}' (format binary)".AsMemory(), cancellation);
        await _psql.StandardInput.FlushAsync(cancellation);
        var said = await _psql.StandardOutput.ReadLineAsync(cancellation);
        var wall = Stopwatch.GetElapsedTime(began);

        if (said is null || !said.StartsWith(Tag, StringComparison.Ordinal))
            throw new InvalidDataException($"psql said \"{said}\" instead of how many rows it copied.");
        var copied = long.Parse(said.AsSpan(Tag.Length), provider: CultureInfo.InvariantCulture);
        if (copied != rows)
            throw new InvalidDataException($"psql copied {copied} rows instead of {rows}.");

        return new Sample(records ?? copied, wall) { Cpu = Usage.Cpu - before };
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_psql is null)
            return;

        _psql.Kill();
        await _psql.WaitForExitAsync();
        _psql.Dispose();
        _psql = null;
    }
}
