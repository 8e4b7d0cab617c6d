using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Packaging;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Functions;

/// <summary>What the function app becomes when it is published: compiled code, unless told otherwise.</summary>
public sealed class PublishTests
{
    private const string Publish = "-p:_IsPublishing=true";

    private static readonly string[] Properties =
        ["PublishReadyToRun", "RuntimeIdentifier", "SelfContained", "UseAppHost", "PublishDir"];

    // The first word of each is what is done; then what follows from it.
    private static readonly (string Done, string[] Arguments, string Expected)[] Cases =
    [
        ("dotnet publish", [Publish], "true linux-x64 false false bin/Release/net10.0/publish/"),
        ("dotnet publish -r win-x64", [Publish, "-p:RuntimeIdentifier=win-x64"],
            "true win-x64 false false bin/Release/net10.0/win-x64/publish/"),
        ("dotnet publish -p:PublishReadyToRun=false", [Publish, "-p:PublishReadyToRun=false"],
            "false  false true bin/Release/net10.0/publish/"),
        ("dotnet publish --no-build", [Publish, "-p:NoBuild=true"], "  false true bin/Release/net10.0/publish/"),
        ("dotnet build", [], "  false true bin/Release/net10.0/publish/"),
    ];

    [Fact]
    public async Task It_has_compiled_code_for_Linux_unless_another_platform_or_none_is_asked_for()
    {
        var actual = await Task.WhenAll(Cases.Select(async one => (one.Done, await EvaluateAsync(one.Arguments))));

        Assert.Equal(Cases.Select(one => (one.Done, one.Expected)), actual);
    }

    private static async Task<string> EvaluateAsync(string[] arguments)
    {
        var output = await PackageFeed.DotnetAsync(
            Path.Combine(Repository.Root, "ChunkStream.Functions"),
            ["msbuild", "-nologo", "-p:Configuration=Release", .. arguments,
                .. Properties.Select(property => $"-getProperty:{property}")]);
        var values = JsonNode.Parse(output)!["Properties"]!;
        return string.Join(' ', Properties.Select(property => ((string)values[property]!).Replace('\\', '/')));
    }
}
