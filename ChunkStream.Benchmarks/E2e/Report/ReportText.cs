using System.Globalization;
using System.Text;

namespace ChunkStream.Benchmarks.E2e.Report;

/// <summary>The text of a file of results, in Markdown. It has the same line breaks on every system.</summary>
internal sealed class ReportText
{
    /// <summary>What stands where there is no figure.</summary>
    public const string None = "–";

    private readonly StringBuilder _text = new();

    /// <summary>Begins it with what every such file has.</summary>
    /// <param name="title">The heading. The date is added to it.</param>
    /// <param name="commandLine">The command line as it was typed.</param>
    /// <param name="machine">What it was measured on.</param>
    /// <param name="howToRead">The text before the tables.</param>
    /// <param name="time">Gives the date.</param>
    public ReportText(
        string title, string commandLine, IEnumerable<string> machine, string howToRead, TimeProvider time)
    {
        Line($"# {title}, {time.GetUtcNow():yyyy-MM-dd}");
        Line($"\nMade by `dotnet run -c Release --project ChunkStream.Benchmarks -- {commandLine}`\n");
        foreach (var line in machine)
            Line($"- {line}");
        Line($"\n{howToRead}");
    }

    /// <summary>Adds a line. Numbers are written without regard to the system's language.</summary>
    public void Line(FormattableString line)
        => _text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    /// <summary>Adds a row of a table.</summary>
    public void Row(params IEnumerable<string> cells) => Line($"| {string.Join(" | ", cells)} |");

    /// <summary>A figure as a cell of a table.</summary>
    public static string Number(double? value, string format)
        => value?.ToString(format, CultureInfo.InvariantCulture) ?? None;

    /// <inheritdoc />
    public override string ToString() => _text.ToString();
}
