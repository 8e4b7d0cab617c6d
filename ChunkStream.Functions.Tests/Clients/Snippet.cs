using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using Xunit.Sdk;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>
/// A code block of a page in docs that stands under a marker: what it is saved as, and what it needs.
/// </summary>
internal sealed partial record Snippet(string Name, string Needs, bool IsForPages, string Code)
{
    /// <summary>The snippets of docs/clients.md.</summary>
    public static IReadOnlyList<Snippet> All { get; } = In("clients.md");

    /// <summary>The snippets of a page, in their order.</summary>
    public static IReadOnlyList<Snippet> In(string page) =>
    [
        .. Marked().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", page)).ReplaceLineEndings("\n"))
            .Select(match => new Snippet(
                match.Groups["name"].Value,
                match.Groups["needs"].Value,
                match.Groups["page"].Success,
                match.Groups["code"].Value)),
    ];

    public static Snippet Named(string name) => All.Single(snippet => snippet.Name == name);

    /// <summary>The address in the page that stands for the server's.</summary>
    public const string Server = "http://localhost:7071";

    [GeneratedRegex(
        "<!-- run: (?<name>\\S+)( (?<needs>[a-z@/-]+))?(?<page>, in a page too)? -->\n"
        + "```[a-z]+\n(?<code>.*?)```\n",
        RegexOptions.Singleline)]
    private static partial Regex Marked();
}

/// <summary>
/// Gives a test a snippet's name. CI has all that snippets need; elsewhere a snippet whose program is missing is
/// skipped.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class SnippetAttribute : DataAttribute
{
    public SnippetAttribute(string name)
    {
        Name = name;
        Skip = Path.GetExtension(name) switch
        {
            ".sh" when OperatingSystem.IsWindows() => "The snippet is for a Unix shell.",
            ".sh" when !IsRequired && !Runs("curl", "--version") => "curl is not on the PATH.",
            ".py" when !IsRequired && Python is null =>
                "There is no python3 that can import requests (Debian and Ubuntu: apt-get install python3-requests).",
            _ => null,
        };
    }

    public string Name { get; }

    /// <summary>A Python 3 that can import requests, or null.</summary>
    internal static string? Python { get; } =
        new[] { "python3", "python" }.FirstOrDefault(program => Runs(program, "-c", "import requests"));

    private static bool IsRequired => Optional.IsEverythingRequired;

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[Name]];

    private static bool Runs(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
