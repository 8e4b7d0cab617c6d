using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Generators;

namespace ChunkStream.Functions.Tests.Generators;

public sealed class GeneratorSourceTests
{
    [Theory]
    [InlineData(RecordEncoding.Text, "Grüße \"an\" 東京 😀")]
    [InlineData(RecordEncoding.Json, "\"Grüße \\\"an\\\" 東京 😀\"")]
    public async Task A_text_is_written_as_it_is_or_as_JSON(RecordEncoding encoding, string expected)
    {
        await using var source = new ScriptedSource().Yield("Grüße \"an\" 東京 😀").End().Open(encoding, default);

        Assert.True(await source.WaitToReadAsync().Within());
        Assert.True(source.TryRead());
        var written = Written.By(source.WriteRecord);

        // The serializer may escape what lies outside the basic plane; the value is the same.
        if (encoding is RecordEncoding.Json)
            Assert.Equal("Grüße \"an\" 東京 😀", System.Text.Json.JsonSerializer.Deserialize<string>(written));
        else
            Assert.Equal(expected, written);
    }

    [Theory]
    [InlineData(RecordEncoding.Text)]
    [InlineData(RecordEncoding.Json)]
    public async Task An_object_is_written_as_JSON_in_every_encoding(RecordEncoding encoding)
    {
        var messages = TestGenerators.Messages(2, TimeSpan.Zero, TimeProvider.System);
        await using var source = new GeneratorSource<Message>(
            _ => messages, TestJson.Default.Message, encoding, default);

        Assert.True(await source.WaitToReadAsync().Within());
        Assert.True(source.TryRead());
        Assert.Equal("""{"number":0,"text":"Message 0"}""", Written.By(source.WriteRecord));
        Assert.True(source.TryRead());
        Assert.Equal("""{"number":1,"text":"Message 1"}""", Written.By(source.WriteRecord));
        Assert.False(source.TryRead());
        Assert.False(await source.WaitToReadAsync().Within());
    }

    [Fact]
    public async Task Nothing_is_generated_before_the_first_wait_nor_ahead_of_the_reader()
    {
        var script = new ScriptedSource().Yield("a", "b", "c").End();
        await using var source = script.Open(RecordEncoding.Text, default);
        Assert.Equal(0, script.Taken);

        Assert.True(await source.WaitToReadAsync().Within());
        Assert.Equal(1, script.Taken);
        Assert.True(await source.WaitToReadAsync().Within());
        Assert.True(source.TryRead());
        Assert.Equal(1, script.Taken);
    }

    [Fact]
    public async Task Disposing_while_the_generator_works_ends_it()
    {
        using var leaving = new CancellationTokenSource();
        var script = new ScriptedSource();
        var source = script.Open(RecordEncoding.Text, leaving.Token);
        var waiting = source.WaitToReadAsync();
        Assert.False(waiting.IsCompleted);

        await leaving.CancelAsync();
        await source.DisposeAsync().AsTask().Within();

        Assert.True(script.Released.IsCompleted);
    }
}
