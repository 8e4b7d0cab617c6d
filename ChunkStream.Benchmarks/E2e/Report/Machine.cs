using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Environments;
using ChunkStream.Benchmarks.E2e.Servers;
using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Embedded;
using Dapper;
using Npgsql;

namespace ChunkStream.Benchmarks.E2e.Report;

/// <summary>What the figures were measured on, and with which versions.</summary>
internal static class Machine
{
    private const int VersionFields = 3;

    /// <summary>
    /// One line for each: system and processor, memory, .NET, Postgres, and the peers that are installed.
    /// </summary>
    public static async Task<IReadOnlyList<string>> DescribeAsync(string? postgres, CancellationToken cancellation)
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9;
        string?[] lines =
        [
            .. HostEnvironmentInfo.GetCurrent().ToFormattedString(),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{RuntimeInformation.FrameworkDescription}, {Environment.ProcessorCount} cores, {memory:0} GB"),
            postgres ?? "Postgres was not started",
            $"Npgsql {VersionOf(typeof(NpgsqlConnection))}, Dapper {VersionOf(typeof(SqlMapper))}",
            await OutputAsync("psql", cancellation),
            await OutputAsync(NodeJs.Program, cancellation) is { } node
                ? $"Node {node}, {NodeServer.Packages}, {ReferenceServer.Name}"
                : null,
            await FlaskServer.VersionAsync(cancellation),
        ];
        return [.. lines.OfType<string>()];
    }

    private static string? VersionOf(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyFileVersionAttribute>() is { } version
            ? Version.Parse(version.Version).ToString(VersionFields)
            : null;

    private static async Task<string?> OutputAsync(string program, CancellationToken cancellation)
    {
        try
        {
            return await new ChildProcess(program, "--version").RunToSuccessAsync(cancellation);
        }
        catch (StartupFailure)
        {
            return null;
        }
    }
}
