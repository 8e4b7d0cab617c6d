using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Architecture;

/// <summary>Lines that fit a screen beside another one: the length that .editorconfig names.</summary>
public sealed class LineLengthTests
{
    private const int Most = 120;

    [Theory]
    [InlineData("cs")]
    [InlineData("sql")]
    public void No_line_of_the_code_is_longer_than_120_characters(string extension)
    {
        var tooLong = from file in Repository.Sources(extension: extension)
                      from line in File.ReadLines(file).Index()
                      where line.Item.Length > Most
                      select $"{Path.GetRelativePath(Repository.Root, file)}:{line.Index + 1} has {line.Item.Length}";

        Assert.Empty(tooLong);
    }
}
