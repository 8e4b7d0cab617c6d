using System.Text.Json;
using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.FunctionsHost;

namespace ChunkStream.Functions.Tests.Packaging;

/// <summary>
/// Apps in folders outside of the repository, which know the packages and nothing else of it. Their code is what the
/// readme of each package shows.
/// </summary>
[Collection(PackageFeed.Collection)]
public sealed partial class AdopterTests(PackageFeed feed, RealPostgres postgres)
{
    private const string WorkerSdk = "Microsoft.Azure.Functions.Worker.Sdk";

    [Theory]
    [InlineData("ChunkStream", "/ticks", "1\n2\n3\n")]
    [InlineData("ChunkStream.Postgres", "/roots?count=2&format=csv", "n,root\r\n1,1\r\n2,1.4142135623730951\r\n")]
    [InlineData("ChunkStream.DurableStreams", "/jobs/7", "1\n2\n3\n")]
    [InlineData("ChunkStream.Chat", "/api/chat/7/stream", "")]
    public async Task A_minimal_API_streams_in_one_line_with_the_runtime_settings_of_the_package(
        string package, string path, string expected)
    {
        var folder = feed.NewFolder($"Api-{package}");
        await WriteAsync(folder, "Api.csproj", Project("Microsoft.NET.Sdk.Web", "", (package, PackageFeed.Version)));
        await WriteAsync(folder, "Program.cs", ReadmeCode(package).Single());
        await PackageFeed.DotnetAsync(folder, "build", "--output", "out", "--nologo");

        await using var app = await WebProgram.StartAsync(
            Path.Combine(folder, "out", "Api.dll"), ("ConnectionStrings__Postgres", postgres.ConnectionString));
        Assert.Equal(expected, await app.Client.GetStringAsync(path));
        Assert.Equal(("0", "False"), await RuntimeSettingsAsync(folder, "Api"));
    }

    [Fact]
    public async Task A_function_app_streams_a_generator_in_one_line_and_its_own_runtime_settings_win()
    {
        const string Settings = """
            <AzureFunctionsVersion>v4</AzureFunctionsVersion>
            <OutputType>Exe</OutputType>
            <TieredPGO>true</TieredPGO>
            </PropertyGroup>
            <ItemGroup>
            <FrameworkReference Include="Microsoft.AspNetCore.App" />
            <RuntimeHostConfigurationOption Include="System.Threading.ThreadPool.UnfairSemaphoreSpinLimit" Value="70" />
            </ItemGroup>
            <PropertyGroup>
            """;
        var folder = feed.NewFolder("App");
        await WriteAsync(folder, "App.csproj", Project(
            "Microsoft.NET.Sdk",
            Settings,
            ("ChunkStream.AzureFunctions", PackageFeed.Version),
            (WorkerSdk, Central(WorkerSdk))));
        await WriteAsync(folder, "host.json", """{ "version": "2.0" }""");
        var code = ReadmeCode("ChunkStream.AzureFunctions").ToArray();
        await WriteAsync(folder, "Program.cs", code[0]);
        await WriteAsync(folder, "TickFunctions.cs", code[1]);
        await PackageFeed.DotnetAsync(folder, "build", "--output", "out", "--nologo");

        await using var app = await FunctionApp.StartAsync(Path.Combine(folder, "out"), []).Within();
        using var client = RunningFunctionApp.ClientOf(app);
        var function = Assert.Single(app.Functions);
        Assert.Equal("1\n2\n3\n", await client.GetStringAsync($"/api/{function.Route}").Within());
        Assert.Equal(("70", "True"), await RuntimeSettingsAsync(folder, "App"));
    }

    private static string Project(string sdk, string settings, params (string Id, string Version)[] packages) => $"""
        <Project Sdk="{sdk}">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <Nullable>enable</Nullable>
            <ImplicitUsings>enable</ImplicitUsings>
            {settings}
          </PropertyGroup>
          <ItemGroup>
            {string.Concat(packages.Select(Reference))}
          </ItemGroup>
        </Project>
        """;

    private static string Reference((string Id, string Version) package)
        => $"""<PackageReference Include="{package.Id}" Version="{package.Version}" />""";

    /// <summary>The blocks of C# in a package's readme.</summary>
    private static IEnumerable<string> ReadmeCode(string package)
        => CodeBlock().Matches(File.ReadAllText(Path.Combine(Repository.Root, "src", package, "README.md")))
            .Select(match => match.Groups[1].Value);

    /// <summary>The version of another package that the repository itself uses, and so the machine has.</summary>
    private static string Central(string package)
        => Regex.Match(
            File.ReadAllText(Path.Combine(Repository.Root, "Directory.Packages.props")),
            $"Include=\"{Regex.Escape(package)}\" Version=\"([^\"]+)\"").Groups[1].Value;

    private static async Task<(string SpinLimit, string TieredPgo)> RuntimeSettingsAsync(string folder, string name)
    {
        using var settings = await JsonAsync(Path.Combine(folder, "out", $"{name}.runtimeconfig.json"));
        var properties = settings.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties");
        return (properties.GetProperty("System.Threading.ThreadPool.UnfairSemaphoreSpinLimit").ToString(),
            properties.GetProperty("System.Runtime.TieredPGO").ToString());
    }

    private static async Task<JsonDocument> JsonAsync(string file)
        => JsonDocument.Parse(await File.ReadAllTextAsync(file));

    private static Task WriteAsync(string folder, string file, string text)
        => File.WriteAllTextAsync(Path.Combine(folder, file), text);

    [GeneratedRegex("^```csharp\r?\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
