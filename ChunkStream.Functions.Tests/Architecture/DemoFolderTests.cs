using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ChunkStream.Functions.Tests.Architecture;

/// <summary>
/// The demo is one folder. After its deletion, and that of the line with <c>AddDemo</c> in each host, the app builds
/// and its tests pass. These tests hold with and without the folder.
/// </summary>
public sealed partial class DemoFolderTests
{
    private const string Line = "app.AddDemo(); // To take the demo out, delete this line and the folder demo/.";

    private const string Folder = "demo";

    [Fact]
    public void Nothing_outside_of_the_folder_names_a_type_of_it_but_for_one_line_a_host()
    {
        var declared = Sources(Folder)
            .SelectMany(file => Tree(file.Text).DescendantNodes().OfType<BaseTypeDeclarationSyntax>())
            .Select(type => type.Identifier.ValueText)
            .ToHashSet(StringComparer.Ordinal);
        var users = from file in Others()
                    where file.Text.Contains("Demo", StringComparison.Ordinal)
                        || declared.Any(name => file.Text.Contains(name, StringComparison.Ordinal))
                    from token in Tree(file.Text.Replace(Line, "", StringComparison.Ordinal)).DescendantTokens()
                    where token.IsKind(SyntaxKind.IdentifierToken)
                        && (declared.Contains(token.ValueText) || token.ValueText == "AddDemo")
                    select $"{file.Name}: {token.ValueText}";

        Assert.Empty(users);
        Assert.True(
            Others().Count(file => file.Text.Contains(Line, StringComparison.Ordinal)) is 0 or 2,
            "One line a host adds the demo.");
    }

    [Fact]
    public void No_test_outside_of_the_folder_asks_for_a_route_or_a_table_of_it()
    {
        var users = from file in Sources("ChunkStream.Functions.Tests")
                    from Match match in RouteOrTable().Matches(file.Text)
                    select $"{file.Name}: {match.Value}";

        Assert.Empty(users);
    }

    private static IEnumerable<(string Name, string Text)> Others()
        => Sources(".")
            .Where(file => !file.Name.StartsWith(Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal));

    private static IEnumerable<(string Name, string Text)> Sources(string folder)
        => !Directory.Exists(Path.Combine(Repository.Root, folder))
            ? []
            : from path in Repository.Sources(folder)
              where Path.GetFileName(path) != nameof(DemoFolderTests) + ".cs"
              select (Path.GetRelativePath(Repository.Root, path), File.ReadAllText(path));

    private static SyntaxNode Tree(string text) => CSharpSyntaxTree.ParseText(text).GetRoot();

    [GeneratedRegex(@"(/api|\})/stream(?![\w/-])|json-stream|large_table|queries/flights|demo/queries")]
    private static partial Regex RouteOrTable();
}
