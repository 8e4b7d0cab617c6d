using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Architecture;

/// <summary>Lines that fit a screen beside another one: the length that .editorconfig names.</summary>
public sealed class LineLengthTests
{
    private const int Most = 120;

    // Folders without a longer line. The others are to follow.
    private static readonly string[] Done =
    [
        "src/ChunkStream",
        "src/ChunkStream.App",
        "src/ChunkStream.AzureFunctions",
        "src/ChunkStream.DurableStreams",
        "src/ChunkStream.Postgres",
        "ChunkStream.Benchmarks",
        "ChunkStream.Functions.Tests/App",
        "ChunkStream.Functions.Tests/Architecture",
        "ChunkStream.Functions.Tests/Browser",
        "ChunkStream.Functions.Tests/Clients",
        "ChunkStream.Functions.Tests/Contract",
        "ChunkStream.Functions.Tests/DurableStreams",
        "ChunkStream.Functions.Tests/Formats",
        "ChunkStream.Functions.Tests/Functions",
        "ChunkStream.Functions.Tests/Generators",
        "ChunkStream.Functions.Tests/Http",
        "ChunkStream.Functions.Tests/LocalHost",
        "ChunkStream.Functions.Tests/Postgres",
        "ChunkStream.Functions.Tests/Problems",
        "ChunkStream.Functions.Tests/Streaming",
        "ChunkStream.Functions.Tests/Support",
        "ChunkStream.LocalHost",
        "demo",
    ];

    [Fact]
    public void No_line_of_the_code_is_longer_than_120_characters()
    {
        var tooLong = from folder in Done
                      from file in Repository.Sources(folder)
                      from line in File.ReadLines(file).Index()
                      where line.Item.Length > Most
                      select $"{Path.GetRelativePath(Repository.Root, file)}:{line.Index + 1} has {line.Item.Length}";

        Assert.Empty(tooLong);
    }
}
