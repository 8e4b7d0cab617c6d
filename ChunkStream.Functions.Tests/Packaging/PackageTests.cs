using System.IO.Compression;
using System.Reflection;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Packaging;

/// <summary>What <c>dotnet pack</c> gives.</summary>
[Collection(PackageFeed.Collection)]
public sealed class PackageTests(PackageFeed feed)
{
    private static readonly string[] Ids =
    [
        "ChunkStream", "ChunkStream.AzureFunctions", "ChunkStream.Chat", "ChunkStream.DurableStreams",
        "ChunkStream.Identity", "ChunkStream.Postgres",
    ];

    public static TheoryData<string> Libraries => [.. Ids];

    [Fact]
    public void The_libraries_and_the_template_are_packed_and_nothing_else()
        => Assert.Equal(
            Ids.Append("ChunkStream.Templates").Select(feed.Package).Order(),
            Directory.EnumerateFiles(feed.Feed).Order());

    [Fact]
    public void The_version_is_the_topmost_of_the_changelog()
    {
        var version = typeof(StreamSource).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

        Assert.NotEmpty(PackageFeed.Released);
        Assert.Equal(PackageFeed.Released, version.Split('+')[0]);
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void A_package_says_what_it_is(string id)
    {
        using var package = Open(id);
        var metadata = Metadata(package);

        Assert.Equal(id, Value("id"));
        Assert.Equal("MIT", Value("license"));
        Assert.Equal("git", Element("repository").Attribute("type")?.Value);
        Assert.Contains("streaming", Value("tags").Split(' '));
        Assert.True(Value("description").Length > 60);
        Assert.StartsWith($"# {id}\n", Text(package, Value("readme")), StringComparison.Ordinal);
        Assert.Contains("<member name=\"T:", Text(package, $"lib/net10.0/{id}.xml"), StringComparison.Ordinal);

        string Value(string name) => Element(name).Value;

        XElement Element(string name) => metadata.Elements().Single(element => element.Name.LocalName == name);
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void A_package_works_with_exactly_its_own_version_of_the_others_whose_internals_it_sees(string id)
    {
        using var package = Open(id);
        var siblings = Metadata(package).Descendants()
            .Where(element => element.Name.LocalName == "dependency")
            .Where(element => element.Attribute("id")!.Value.StartsWith("ChunkStream", StringComparison.Ordinal))
            .ToArray();

        Assert.Equal(id == "ChunkStream", siblings.Length == 0);
        Assert.All(siblings, sibling => Assert.Equal($"[{PackageFeed.Version}]", sibling.Attribute("version")!.Value));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void An_assembly_has_its_symbols_in_it(string id)
    {
        using var package = Open(id);
        using var assembly = new PEReader(new MemoryStream(Bytes(package, $"lib/net10.0/{id}.dll")));

        var entry = Assert.Single(
            assembly.ReadDebugDirectory(), entry => entry.Type == DebugDirectoryEntryType.EmbeddedPortablePdb);
        using var symbols = assembly.ReadEmbeddedPortablePdbDebugDirectoryData(entry);
        Assert.NotEmpty(symbols.GetMetadataReader().Documents);
    }

    private ZipArchive Open(string id) => ZipFile.OpenRead(feed.Package(id));

    private static XElement Metadata(ZipArchive package)
    {
        var manifest = package.Entries.Single(entry => entry.Name.EndsWith(".nuspec", StringComparison.Ordinal));
        return XDocument.Parse(Text(package, manifest.FullName)).Root!.Elements().First();
    }

    private static string Text(ZipArchive package, string path)
    {
        using var reader = new StreamReader(package.GetEntry(path)!.Open());
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    private static byte[] Bytes(ZipArchive package, string path)
    {
        using var content = package.GetEntry(path)!.Open();
        using var copy = new MemoryStream();
        content.CopyTo(copy);
        return copy.ToArray();
    }
}
