using System.Text.RegularExpressions;
using ChunkStream.App;
using ChunkStream.Chat;
using ChunkStream.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Identity;
using ChunkStream.Postgres;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Architecture;

/// <summary>The layout that docs/architecture.md draws: which way projects and folders depend on each other.</summary>
public sealed partial class LayoutTests
{
    // Extension methods may be in the namespace of what they extend, so that callers need no other using.
    private static readonly string[] Extended =
    [
        "ChunkStream", "Microsoft.AspNetCore.Builder", "Microsoft.Extensions.DependencyInjection",
        "Microsoft.Extensions.Hosting", "Npgsql",
    ];

    public static TheoryData<string> Libraries
        => [.. Roots.Select(type => type.Assembly.Location)];

    // A type of each library.
    private static readonly Type[] Roots =
    [
        typeof(StreamSource), typeof(PostgresOptions), typeof(DurableStreamOptions), typeof(IdentityOptions),
        typeof(StreamEndpoints), typeof(ChatTurn),
    ];

    [Theory]
    [InlineData(typeof(StreamSource))]
    [InlineData(typeof(PostgresOptions), "ChunkStream")]
    [InlineData(typeof(DurableStreamOptions), "ChunkStream", "ChunkStream.Postgres")]
    [InlineData(typeof(IdentityOptions), "ChunkStream")]
    [InlineData(typeof(ChatTurn), "ChunkStream", "ChunkStream.DurableStreams", "ChunkStream.Postgres")]
    [InlineData(
        typeof(StreamEndpoints),
        "ChunkStream", "ChunkStream.DurableStreams", "ChunkStream.Identity", "ChunkStream.Postgres")]
    public void A_library_uses_only_those_below_it(Type type, params string[] below)
    {
        var used = type.Assembly.GetReferencedAssemblies()
            .Select(assembly => assembly.Name!)
            .Where(name => name.StartsWith("ChunkStream", StringComparison.Ordinal));

        Assert.Equal(below.Order(), used.Order());
    }

    [Fact]
    public void The_engine_itself_needs_nothing_but_the_framework()
    {
        var used = typeof(StreamSource).Assembly.GetReferencedAssemblies().Select(assembly => assembly.Name!);

        Assert.All(used, name
            => Assert.Matches("^(System|Microsoft\\.AspNetCore|Microsoft\\.Extensions|Microsoft\\.Net\\.Http)", name));
        Assert.Empty(typeof(StreamSource).Assembly.GetManifestResourceNames());
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Folders_of_a_library_never_depend_on_each_other_in_a_circle(string assembly)
    {
        using var graph = new NamespaceGraph(assembly);

        Assert.Empty(graph.Circles());
    }

    [Fact]
    public void A_namespace_is_its_folder()
    {
        var projects = Directory.GetDirectories(Repository.Root, "ChunkStream*")
            .Concat(Directory.GetDirectories(Path.Combine(Repository.Root, "src")));
        var wrong = from project in projects
                    from file in Repository.Sources(project)
                    let folder = Path.GetRelativePath(project, Path.GetDirectoryName(file)!)
                    let expected = folder == "."
                        ? Path.GetFileName(project)
                        : $"{Path.GetFileName(project)}.{folder.Replace(Path.DirectorySeparatorChar, '.')}"
                    let name = Namespace().Match(File.ReadAllText(file))
                    where name.Success && name.Groups[1].Value != expected && !Extended.Contains(name.Groups[1].Value)
                    select $"{Path.GetRelativePath(Repository.Root, file)}: {name.Groups[1].Value}";

        Assert.Empty(wrong);
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
