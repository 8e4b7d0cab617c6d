using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Packaging;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.FunctionsHost;
using ChunkStream.LocalHost;

namespace ChunkStream.Functions.Tests.Functions;

/// <summary>What the function app becomes when it is published: compiled code, unless told otherwise.</summary>
/// <remarks>It has a Postgres of its own, so that other tests don't wait until the app is published.</remarks>
public sealed class PublishTests(RealPostgres postgres) : IClassFixture<RealPostgres>
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

    [Fact]
    public async Task What_is_published_from_a_clean_folder_is_compiled_and_has_each_endpoint()
    {
        using var queries = new QueryFiles()
            .With("rows", "select n from generate_series(1, 3) n")
            .With("series", "-- access: anonymous\nselect n from generate_series(1, 3) n")
            .With("live", "-- access: anonymous\n-- key: n\n-- live\nselect n from live_numbers");
        await postgres.ExecuteAsync("create table live_numbers (n int primary key)");
        var folder = Directory.CreateTempSubdirectory("chunkstream-published-").FullName;
        try
        {
            var (clean, published) = (Path.Combine(folder, "clean"), Path.Combine(folder, "published"));
            CopySources(new DirectoryInfo(Repository.Root), Directory.CreateDirectory(clean));
            await PackageFeed.DotnetAsync(
                Path.Combine(clean, "ChunkStream.Functions"),
                ["publish", "--output", published, "--nologo", "-p:RunAnalyzers=false", .. ThisPlatform]);

            // Ours, the driver, and the platform's.
            string[] libraries =
                ["ChunkStream.Functions", "ChunkStream", "Npgsql", "Microsoft.Azure.Functions.Worker.Core"];
            Assert.Equal(libraries, libraries.Where(library => IsCompiled(Path.Combine(published, $"{library}.dll"))));
            await using var app = await FunctionApp.StartAsync(published, Settings(queries))
                .Within(WebProgram.StartLimit);
            using var client = RunningFunctionApp.ClientOf(app);
            var endpoints = LocalApp.Create().Endpoints().All;
            Assert.Subset(
                app.Functions.Select(function => function.Name).ToHashSet(),
                endpoints.Select(endpoint => endpoint.Name).ToHashSet());
            foreach (var endpoint in endpoints.Where(endpoint => endpoint.Methods.Contains("GET")))
            {
                // A durable stream is made by the first of the two endpoints for it, and read by the other.
                var method = endpoint.Name == "streams" ? HttpMethod.Put : HttpMethod.Get;
                using var request = new HttpRequestMessage(method, $"/api/{EndpointTests.Call(endpoint)}");
                using var response = await client.SendAsync(request).Within();
                Assert.True(response.IsSuccessStatusCode, $"{endpoint.Name}: {response.StatusCode}");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The default is Azure's platform, which may be another than that of the tests.
    private static string[] ThisPlatform
        => RuntimeInformation.RuntimeIdentifier is not "linux-x64" and var platform ? ["-r", platform] : [];

    private IEnumerable<KeyValuePair<string, string>> Settings(QueryFiles queries) =>
    [
        new("ConnectionStrings__Postgres", postgres.ConnectionString),
        new("ChunkStream__ResumeKey", "a key for tests that nobody guesses"),
        new("ChunkStream__DefaultQuery", "rows"),
        new("ChunkStream__QueriesPath", queries.Folder),
        new("ChunkStream__Streams__PublicReading", "true"),
    ];

    private static void CopySources(DirectoryInfo from, DirectoryInfo to)
    {
        foreach (var file in from.EnumerateFiles())
            file.CopyTo(Path.Combine(to.FullName, file.Name));
        foreach (var folder in from.EnumerateDirectories())
        {
            if (folder.Name is not ("bin" or "obj" or "node_modules") && folder.Name[0] != '.')
                CopySources(folder, to.CreateSubdirectory(folder.Name));
        }
    }

    private static bool IsCompiled(string library)
    {
        using var file = new PEReader(File.OpenRead(library));
        return file.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0;
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
