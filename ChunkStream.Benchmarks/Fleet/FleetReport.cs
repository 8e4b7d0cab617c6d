using System.Globalization;
using System.Text;

namespace ChunkStream.Benchmarks.Fleet;

/// <summary>The results as a Markdown file.</summary>
internal static class FleetReport
{
    private const string HowToRead =
        """
        Three instances of the local host, each a process of its own, are behind nginx with the configuration of
        `deploy/nginx`, over one Postgres. One after another is replaced: a new one is started, nginx is reloaded, and
        the old one gets SIGTERM. Rows come ten a second in each stream, and each writer appends ten messages a second.
        Every client checks that its numbers come once and in order; what was acknowledged is read again at the end.
        A *gap* is the longest time that a client was without news while an old instance was stopping; undisturbed it is
        that of the pace. A *move* is an end after which a client goes on as it was told to, with another request. An
        *error* is anything else: a cut, or a status that is no success. Each request has a connection of its own to
        nginx.
        """;

    /// <summary>The whole file.</summary>
    /// <param name="clients">The clients, which have ended.</param>
    /// <param name="phases">What happened when.</param>
    /// <param name="machine">What it was measured on.</param>
    /// <param name="commandLine">What was typed.</param>
    /// <param name="time">Gives the date.</param>
    public static string Create(
        IReadOnlyList<FleetClient> clients,
        IReadOnlyList<FleetPhase> phases,
        IEnumerable<string> machine,
        string commandLine,
        TimeProvider time)
    {
        var text = new StringBuilder();
        Line(text, $"# Replacing instances, {time.GetUtcNow():yyyy-MM-dd}");
        Line(text, $"\nMade by `dotnet run -c Release --project ChunkStream.Benchmarks -- {commandLine}`\n");
        foreach (var line in machine)
            Line(text, $"- {line}");
        Line(text, $"\n{HowToRead}");
        foreach (var phase in phases)
            Append(text, phase, clients);

        var errors = clients.SelectMany(client => client.Errors.Select(error => $"{client.What}: {error.What}"));
        foreach (var kind in errors.CountBy(error => error))
            Line(text, $"\n- {kind.Value} × {kind.Key}");
        return text.ToString();
    }

    private static void Append(StringBuilder text, FleetPhase phase, IReadOnlyList<FleetClient> clients)
    {
        Line(text, $"\n## {phase.Title}\n");
        Line(text, $"| clients | | received | moves | errors | gap ms: median | 99 % | longest |");
        Line(text, $"|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var kind in clients.GroupBy(client => client.What))
        {
            double[] gaps = [.. phase.Gaps(kind).Select(gap => gap.TotalMilliseconds).Order()];
            var received = kind.Sum(client => phase.Count(client.Arrivals));
            var moves = kind.Sum(client => phase.Count(client.Moves));
            var errors = kind.Sum(client => phase.Count(client.Errors.Select(error => error.At)));
            var (median, most, longest) = (gaps[gaps.Length / 2], gaps[(int)(gaps.Length * 0.99)], gaps[^1]);
            FormattableString figures =
                $"{kind.Count()} | {received:N0} | {moves} | {errors} | {median:0} | {most:0} | {longest:0}";
            Line(text, $"| {kind.Key} | {figures.ToString(CultureInfo.InvariantCulture)} |");
        }
    }

    // Not AppendLine: the file has the same line breaks on every system.
    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
