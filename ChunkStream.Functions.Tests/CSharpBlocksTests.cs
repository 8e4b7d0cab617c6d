using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ChunkStream.Functions.Tests;

/// <summary>
/// The C# on the pages compiles, against the built libraries and with the global usings of a web project. What is a
/// whole program on a page stands alone; around a fragment stands what its kind needs.
/// </summary>
public sealed partial class CSharpBlocksTests
{
    private const string GlobalUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Hosting;
        global using Microsoft.AspNetCore.Http;
        global using Microsoft.AspNetCore.Routing;
        global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection;
        global using Microsoft.Extensions.Hosting;
        global using Microsoft.Extensions.Logging;
        """;

    private const string Usings = """
        using System.Runtime.CompilerServices;
        using ChunkStream;
        using ChunkStream.App;
        using ChunkStream.Chat;
        using Microsoft.Azure.Functions.Worker;
        using Microsoft.Azure.Functions.Worker.Builder;
        using Microsoft.Extensions.AI;
        using Npgsql;
        using OpenTelemetry;

        """;

    // What the fragments name and don't show.
    private const string Members = """

            static async IAsyncEnumerable<int> Generate([EnumeratorCancellation] CancellationToken token)
            {
                await Task.CompletedTask;
                yield break;
            }

            static IAsyncEnumerable<Tick> Ticks(CancellationToken token) => throw new NotSupportedException();

            static IAsyncEnumerable<ChatResponseUpdate> Answer(ChatTurn turn, CancellationToken token)
                => throw new NotSupportedException();

            static Task SaveAsync(string chat, ChatResponse answer) => throw new NotSupportedException();

            static ValueTask<string> TokenAsync(CancellationToken token) => throw new NotSupportedException();
        }

        public record Tick(int Number);

        public record Word(string Text);
        """;

    private const string Words =
        "static IAsyncEnumerable<Word> Words(string id, CancellationToken token) => throw new NotSupportedException();";

    private static readonly Lazy<MetadataReference[]> References = new(FindReferences);

    /// <summary>Each page that has blocks of C#.</summary>
    public static TheoryData<string> Pages =>
    [
        .. Directory.GetFiles(Repository.Root, "*.md")
            .Concat(Directory.GetFiles(Path.Combine(Repository.Root, "docs"), "*.md"))
            .Concat(Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.md", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Repository.Root, file))
            .Where(page => Blocks(page).Any()),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Each_block_of_a_page_compiles(string page)
        => Assert.All(Blocks(page), block => Assert.Equal("", string.Join('\n', Mistakes(block))));

    [Fact]
    public void A_block_with_a_mistake_does_not_compile()
        => Assert.Contains("'StreamResults' does not contain a definition for 'Itmes'", Assert.Single(
            Mistakes("""app.MapGet("/ticks", () => StreamResults.Itmes(Generate));""")), StringComparison.Ordinal);

    [Fact]
    public async Task The_minimal_API_of_the_readme_runs_as_it_stands()
    {
        using var folder = new Folder();
        var program = Path.Combine(folder.Path, "Ticks.dll");
        var made = Compile(Blocks("README.md").First(), "Ticks").Emit(program);
        Assert.True(made.Success, string.Join('\n', made.Diagnostics));
        foreach (var file in Directory.GetFiles(Built.Folder("src", "ChunkStream"), "ChunkStream.dll"))
            File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        await File.WriteAllTextAsync(
            Path.Combine(folder.Path, "Ticks.runtimeconfig.json"),
            """
            { "runtimeOptions": { "tfm": "net10.0", "frameworks": [
              { "name": "Microsoft.NETCore.App", "version": "10.0.0" },
              { "name": "Microsoft.AspNetCore.App", "version": "10.0.0" } ] } }
            """);

        await using var api = await WebProgram.StartAsync(program);
        await using var body = await api.Client.GetStreamAsync("/ticks").Within();
        using var lines = new StreamReader(body);
        Assert.Equal("1", await lines.ReadLineAsync().Within());
        Assert.Equal("2", await lines.ReadLineAsync().Within());
    }

    private static IEnumerable<string> Blocks(string page)
        => Block().Matches(File.ReadAllText(Path.Combine(Repository.Root, page)))
            .Select(match => match.Groups[1].Value);

    private static IEnumerable<string> Mistakes(string block)
        => Compile(Framed(block), "Block").GetDiagnostics()
            .Where(mistake => mistake.Severity is DiagnosticSeverity.Error)
            .Select(mistake => mistake.GetMessage(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>A program that has the block: as it stands if it is a file, else in a frame of its kind.</summary>
    private static string Framed(string block)
    {
        // "…" stands for what the page leaves out: lines, or the body of a generator.
        var code = block.Replace("{ … }", "{ await Task.CompletedTask; yield break; }", StringComparison.Ordinal)
            .Replace("\n…\n", "\n", StringComparison.Ordinal);
        if (code.StartsWith("using ", StringComparison.Ordinal))
            return code;
        if (IsProgram(code))
            return Usings + code;

        var words = code.Contains("<Word> Words(", StringComparison.Ordinal) ? "" : Words;
        return code.StartsWith("[Function(", StringComparison.Ordinal)
            ? $"{Usings}public class Frame\n{{\n{code}\n{words}\n{Members}"
            : $$"""
                {{Usings}}public class Frame
                {
                    static {{(Returns().IsMatch(code) ? "object" : "void")}} Run(
                        WebApplicationBuilder builder, WebApplication app, IServiceCollection services,
                        NpgsqlDataSource db, string connectionString)
                    {
                        {{code}}
                    }
                    {{words}}
                {{Members}}
                """;
    }

    private static CSharpCompilation Compile(string code, string name)
        => CSharpCompilation.Create(
            name,
            new[] { GlobalUsings, code }.Select(text => CSharpSyntaxTree.ParseText(
                text, new CSharpParseOptions(LanguageVersion.Latest))),
            References.Value,
            new CSharpCompilationOptions(
                IsProgram(code) ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary,
                nullableContextOptions: NullableContextOptions.Enable));

    private static bool IsProgram(string code) => code.Contains("CreateBuilder(args)", StringComparison.Ordinal);

    // The runtime and what the tests use; and from the function app what they don't: the packages of the worker.
    private static MetadataReference[] FindReferences()
    {
        var own = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        return
        [
            .. own.Concat(Directory.GetFiles(Built.Folder("ChunkStream.Functions"), "*.dll"))
                .DistinctBy(Path.GetFileName, StringComparer.OrdinalIgnoreCase)
                .Where(file => Path.GetFileName(file) != "ChunkStream.Functions.dll")
                .Select(file => MetadataReference.CreateFromFile(file)),
        ];
    }

    [GeneratedRegex("^```csharp\r?\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("^return ", RegexOptions.Multiline)]
    private static partial Regex Returns();

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("chunkstream-block-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
