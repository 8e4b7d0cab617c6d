using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using ChunkStream.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Queries;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests;

/// <summary>The tables of the documentation say what the code does.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string Readme = Read("README.md");
    private static readonly string Streams = Read("docs", "streams.md");
    private static readonly string Formats = Read("docs", "formats.md");

    [Fact]
    public void The_README_has_each_setting_with_its_range_and_its_default()
    {
        Assert.Empty(Missing(new PostgresOptions(), Readme, name => $"| `ChunkStream__Postgres__{name}` |"));
        Assert.Empty(Missing(new StreamingOptions(), Readme, name => $"| `ChunkStream__Streaming__{name}` |"));
        Assert.Empty(Missing(new QueryOptions(), Readme, name => $"| `ChunkStream__{name}` |"));
    }

    [Fact]
    public void The_page_on_durable_streams_has_each_of_their_settings_with_its_range_and_its_default()
        => Assert.Empty(Missing(new DurableStreamOptions(), Streams, name => $"| `{name}` |"));

    [Fact]
    public void Each_problem_that_the_code_has_is_in_a_table()
    {
        var sources = Directory.EnumerateDirectories(Repository.Root)
            .Where(folder => Path.GetFileName(folder) is { } name && !name.StartsWith('.') && !name.EndsWith(".Tests", StringComparison.Ordinal))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories));
        var problems = sources.SelectMany(file => ProblemType().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).Distinct().ToArray();

        Assert.True(problems.Length > 40);
        Assert.All(problems, problem => Assert.Matches(ProblemRow(problem), Formats + Streams));
    }

    /// <summary>What of a section's settings a text lacks: a row, or in it the range or the default.</summary>
    private static IEnumerable<string> Missing(object options, string text, Func<string, string> row)
    {
        foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            var line = text.Split('\n').FirstOrDefault(line => line.StartsWith(row(property.Name), StringComparison.Ordinal));
            if (line is null)
                yield return $"{property.Name}: no row";
            else if (property.GetCustomAttribute<RangeAttribute>() is { } range && !line.Contains($"{Spelled(range.Minimum)}–{Spelled(range.Maximum)}", StringComparison.Ordinal))
                yield return $"{property.Name}: no range {Spelled(range.Minimum)}–{Spelled(range.Maximum)}";
            else if (property.GetValue(options) is { } value && !line.Contains(Spelled(value), StringComparison.Ordinal))
                yield return $"{property.Name}: no default {Spelled(value)}";
        }
    }

    private static string Spelled(object value) => value switch
    {
        bool flag => flag ? "`true`" : "`false`",
        string text => $"`{text}`",
        double number => number.ToString("#,0.###", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString("#,0", CultureInfo.InvariantCulture),
        _ => throw new NotSupportedException(value.GetType().Name),
    };

    private static Regex ProblemRow(string problem) => new($"^\\|[^|]*`{Regex.Escape(problem)}`[^|]*\\| [1-5][0-9][0-9]", RegexOptions.Multiline);

    private static string Read(params string[] path) => File.ReadAllText(Path.Combine([Repository.Root, .. path]));

    [GeneratedRegex("\"urn:chunkstream:([a-z-]+)\"")]
    private static partial Regex ProblemType();
}
