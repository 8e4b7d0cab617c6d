using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using ChunkStream.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Identity;
using ChunkStream.LocalHost;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Live;
using ChunkStream.Postgres.Queries;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests;

/// <summary>The tables of the documentation say what the code does.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string Settings = Read("docs", "settings.md");
    private static readonly string Problems = Read("docs", "problems.md");

    [Fact]
    public void Each_setting_is_in_a_table_with_its_range_and_its_default()
    {
        Assert.Empty(Missing(new QueryOptions(), "ChunkStream"));
        Assert.Empty(Missing(new StreamingOptions(), "ChunkStream__Streaming"));
        Assert.Empty(Missing(new PostgresOptions(), "ChunkStream__Postgres"));
        Assert.Empty(Missing(new LiveOptions(), "ChunkStream__Live"));
        Assert.Empty(Missing(new DurableStreamOptions(), "ChunkStream__Streams"));
        Assert.Empty(Missing(new LocalHostOptions(), "ChunkStream__LocalHost"));
        Assert.Empty(Missing(new IdentityOptions(), "ChunkStream__Identity"));
        Assert.Empty(Missing(new IssuerOptions(), "ChunkStream__Identity__Issuers__0"));
    }

    [Fact]
    public void The_page_of_the_local_host_says_more_of_each_of_its_settings_and_options()
    {
        var page = Read("docs", "local-host.md") + Read("docs", "cors.md");
        var settings = typeof(LocalHostOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite)
            .Select(property => $"ChunkStream__LocalHost__{property.Name}");
        var options = CommandLineOption().Matches(Read("ChunkStream.LocalHost", "CommandLine.cs"))
            .Select(match => match.Groups[1].Value).ToArray();

        Assert.True(options.Length > 5);
        Assert.All(settings, setting => Assert.Contains($"`{setting}", page, StringComparison.Ordinal));
        Assert.All(options, option => Assert.Matches($@"\| `… -- {option}\b.*` \|", page));
        Assert.Contains($":{new LocalHostOptions().PostgresPort}`", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_problem_that_the_code_has_is_in_a_table()
    {
        var sources = Repository.Sources().Where(file => !Path.GetRelativePath(Repository.Root, file)
            .StartsWith("ChunkStream.Functions.Tests", StringComparison.Ordinal));
        var problems = sources.SelectMany(file => ProblemType().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value).Distinct().ToArray();

        Assert.True(problems.Length > 40);
        Assert.All(problems, problem => Assert.Matches(ProblemRow(problem), Problems));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Each_link_from_a_page_to_another_leads_somewhere(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, page))!;
        var links = Link().Matches(Read(page)).Select(match => match.Groups[1].Value)
            .Where(link => !link.Contains(':', StringComparison.Ordinal));

        Assert.Equal(
            "", string.Join(", ", links.Where(link => !Exists(folder, Path.Combine(Repository.Root, page), link))));
    }

    /// <summary>The pages of the repository.</summary>
    public static TheoryData<string> Pages =>
    [
        "README.md", "CONTRIBUTING.md", "SECURITY.md", "client/README.md",
        .. Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md")
            .Select(file => Path.GetRelativePath(Repository.Root, file)),
    ];

    private static bool Exists(string folder, string page, string link)
    {
        var (path, anchor) = link.Split('#') is [var file, var place] ? (file, place) : (link, "");
        var target = path.Length == 0 ? page : Path.GetFullPath(Path.Combine(folder, path));
        if (anchor.Length == 0)
            return Path.Exists(target);
        return File.Exists(target)
            && Heading().Matches(File.ReadAllText(target)).Any(heading => Anchor(heading.Groups[1].Value) == anchor);
    }

    /// <summary>A heading's anchor, as GitHub makes it.</summary>
    private static string Anchor(string heading)
        => string.Concat(heading.ToLowerInvariant()
            .Where(letter => char.IsLetterOrDigit(letter) || letter is ' ' or '-' or '_')).Replace(' ', '-');

    /// <summary>
    /// The settings of a section that have no row on the page, or a row without their range or default.
    /// </summary>
    private static IEnumerable<string> Missing(object options, string section)
    {
        var properties = options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite);
        foreach (var property in properties)
        {
            var line = Settings.Split('\n')
                .FirstOrDefault(line => line.StartsWith($"| `{section}__{property.Name}` |", StringComparison.Ordinal));
            if (line is null)
                yield return $"{property.Name}: no row";
            else if (property.GetCustomAttribute<RangeAttribute>() is { } range
                && !Has(line, property, $"{Spelled(range.Minimum)}–{Spelled(range.Maximum)}"))
                yield return $"{property.Name}: no range {Spelled(range.Minimum)}–{Spelled(range.Maximum)}";
            else if (property.GetValue(options) is { } value && !Has(line, property, Spelled(value)))
                yield return $"{property.Name}: no default {Spelled(value)}";
        }
    }

    // A port is a number without commas.
    private static bool Has(string line, PropertyInfo setting, string text)
    {
        var isPort = setting.Name.EndsWith("Port", StringComparison.Ordinal);
        return line.Contains(isPort ? text.Replace(",", "", StringComparison.Ordinal) : text, StringComparison.Ordinal);
    }

    private static string Spelled(object value) => value switch
    {
        bool flag => flag ? "`true`" : "`false`",
        string text => $"`{text}`",
        double number => number.ToString("#,0.###", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString("#,0", CultureInfo.InvariantCulture),
        _ => throw new NotSupportedException(value.GetType().Name),
    };

    private static Regex ProblemRow(string problem)
        => new($"^\\|[^|]*`{Regex.Escape(problem)}`[^|]*\\| [1-5][0-9][0-9]", RegexOptions.Multiline);

    private static string Read(params string[] path) => File.ReadAllText(Path.Combine([Repository.Root, .. path]));

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("new Option<[^>]+>\\(\"(--[a-z-]+)\"")]
    private static partial Regex CommandLineOption();

    [GeneratedRegex("\"urn:chunkstream:([a-z-]+)\"")]
    private static partial Regex ProblemType();
}
