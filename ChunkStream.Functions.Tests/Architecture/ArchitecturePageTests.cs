using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Architecture;

/// <summary>Every type and member that docs/architecture.md names exists in the code.</summary>
public sealed partial class ArchitecturePageTests
{
    // Names of the platform that the page uses.
    private static readonly string[] OfPlatform = ["Accept", "ArrayBufferWriter", "IResult", "TimeProvider"];

    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "architecture.md"));

    [Fact]
    public void Each_type_and_member_that_the_page_names_is_in_the_code()
    {
        var sources = Repository.Sources().Where(file => Path.GetFileName(file) != "ArchitecturePageTests.cs")
            .Select(File.ReadAllText).ToArray();
        var types = sources
            .SelectMany(source => TypeName().Matches(source).Concat(ExtendedName().Matches(source))
                .Select(match => (Name: match.Groups[1].Value, Source: source)))
            .ToLookup(type => type.Name, type => type.Source);
        var folders = Repository.Sources().Select(file => Path.GetFileName(Path.GetDirectoryName(file)!)).ToHashSet();
        var named = Name().Matches(Page).Select(match => match.Groups[1].Value).Distinct().Except(OfPlatform).ToArray();

        Assert.True(named.Length > 80);
        Assert.Equal("", string.Join(", ", named.Where(name => !IsKnown(name))));

        bool IsKnown(string name) => name.Split('.') switch
        {
            ["ChunkStream", _] => Directory.Exists(Path.Combine(Repository.Root, name)),
            [var owner, var member] => types[owner].Any(source => Has(source, member)),
            _ => types.Contains(name) || folders.Contains(name) || sources.Any(source => Has(source, name)),
        };
    }

    [Fact]
    public void Each_folder_and_file_that_the_page_names_is_in_the_repository()
    {
        var paths = PathName().Matches(Page).Select(match => match.Groups[1].Value).Distinct().ToArray();

        Assert.True(paths.Length > 10);
        Assert.Equal("", string.Join(", ", paths.Where(path => !Path.Exists(Path.Combine(Repository.Root, path)))));
    }

    private static bool Has(string source, string name)
        => Regex.IsMatch(source, $@"^(?!\s*//).*\b{name}\b", RegexOptions.Multiline);

    [GeneratedRegex(@"`([A-Z]+[a-z][A-Za-z]*(?:\.[A-Z][A-Za-z]+)?)(?:[<(][^`]*)?`")]
    private static partial Regex Name();

    [GeneratedRegex(@"\b(?:class|record|struct|interface|enum) ([A-Z]\w+)")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"\bextension\(([A-Z]\w+)\)")]
    private static partial Regex ExtendedName();

    [GeneratedRegex("`((?:src|ui|client|queries|docs|samples|demo)/[\\w./]*)`")]
    private static partial Regex PathName();
}
