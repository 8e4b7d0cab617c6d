using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace ChunkStream.Benchmarks.LiveLog;

/// <summary>A transaction that is measured.</summary>
/// <param name="what">What it does, in words.</param>
/// <param name="statements">
/// The statements, with <c>{table}</c> for the table and <c>$1</c> for a number from 1 up.
/// </param>
/// <param name="times">How often a run does it.</param>
/// <param name="isDurable">Whether each commit waits for the disk.</param>
internal sealed class WriteCase(string what, string[] statements, int times, bool isDurable)
{
    // No case inserts what another one has inserted.
    private static long _number;

    private readonly Dictionary<string, List<WriteTime>> _times = [];

    public string What => what;

    public bool IsDurable => isDurable;

    /// <summary>What a transaction took on a table, by round.</summary>
    public IReadOnlyList<WriteTime> Times(string table) => _times[table];

    /// <summary>One run on a table.</summary>
    public async Task RunAsync(
        NpgsqlConnection connection, string table, bool isCounted, CancellationToken cancellation)
    {
        await using (var setting = new NpgsqlCommand(
            $"set synchronous_commit = {(isDurable ? "on" : "off")}", connection))
            await setting.ExecuteNonQueryAsync(cancellation);
        var commands = new List<NpgsqlCommand>();
        foreach (var statement in statements)
        {
            var sql = statement.Replace("{table}", table, StringComparison.Ordinal);
            commands.Add(new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = 0L } } });
            await commands[^1].PrepareAsync(cancellation);
        }

        var cpu = CpuOf(connection);
        var start = Stopwatch.GetTimestamp();
        for (var left = times; left > 0; left--)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            _number++;
            foreach (var command in commands)
            {
                command.Parameters[0].Value = _number;
                await command.ExecuteNonQueryAsync(cancellation);
            }

            await transaction.CommitAsync(cancellation);
        }

        var time = new WriteTime(
            Stopwatch.GetElapsedTime(start).TotalSeconds / times, (CpuOf(connection) - cpu) / times);
        foreach (var command in commands)
            await command.DisposeAsync();
        if (!_times.TryGetValue(table, out var all))
            _times.Add(table, all = []);
        if (isCounted)
            all.Add(time);
    }

    // The seconds for which the server's process of a connection has run: Linux tells it in nanoseconds.
    private static double? CpuOf(NpgsqlConnection connection)
    {
        var file = string.Create(CultureInfo.InvariantCulture, $"/proc/{connection.ProcessID}/schedstat");
        return File.Exists(file)
            ? long.Parse(File.ReadAllText(file).Split(' ')[0], CultureInfo.InvariantCulture) / 1e9
            : null;
    }
}

/// <summary>What a transaction took.</summary>
/// <param name="Wall">Seconds until it was committed.</param>
/// <param name="Cpu">Seconds of the server's process; null where the system does not tell.</param>
internal readonly record struct WriteTime(double Wall, double? Cpu);
