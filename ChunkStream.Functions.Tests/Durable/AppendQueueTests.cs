using System.Collections.Concurrent;
using System.Text;
using ChunkStream.Durable;
using ChunkStream.Functions.Tests.Support;
using static ChunkStream.Functions.Tests.Durable.StoreHost;

namespace ChunkStream.Functions.Tests.Durable;

[Collection(RealPostgres.Collection)]
public sealed class AppendQueueTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly StoreHost _host = StoreHost.Start(postgres.ConnectionString);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task Appends_that_come_together_each_have_their_own_outcome()
    {
        var path = NewPath();
        await _host.CreateAsync(path);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 300).Select(n => (n % 10) switch
        {
            7 => Outcome(_host.AppendAsync(path, "{}", contentType: Json)),
            8 => Outcome(_host.AppendAsync(path, "x", producer: new ProducerPosition($"p{n}", 0, 5))),
            // What Postgres can't take as text at all.
            9 => Outcome(_host.AppendAsync(path, "x", producer: new ProducerPosition($"p{n}\0", 0, 0))),
            _ => Outcome(_host.AppendAsync(path, "x")),
        })).Within();

        for (var n = 0; n < outcomes.Length; n++)
        {
            var expected = (n % 10) switch
            {
                7 => nameof(AppendStatus.ContentTypeDiffers),
                8 => nameof(AppendStatus.SequenceGap),
                9 => "22021",
                _ => nameof(AppendStatus.Appended),
            };
            Assert.Equal(expected, outcomes[n]);
        }

        Assert.Equal(new string('x', 210), await _host.ReadAllAsync(path));
    }

    [Fact]
    public async Task Who_leaves_and_comes_again_has_written_once()
    {
        var path = NewPath();
        await _host.CreateAsync(path);
        var written = new ConcurrentBag<string>();

        await Task.WhenAll(Enumerable.Range(0, 16).Select(async number =>
        {
            var chance = new Random(number);
            for (var n = 0; n < 30; n++)
            {
                var text = $"{number}-{n};";
                var append = new AppendToStream(path, Plain, [Encoding.UTF8.GetBytes(text)], false, null, new ProducerPosition($"{number}", 0, n));
                while (true)
                {
                    using var patience = new CancellationTokenSource(chance.Next(2) == 0 ? TimeSpan.FromMilliseconds(chance.Next(3)) : Timeout.InfiniteTimeSpan);
                    try
                    {
                        Assert.True((await _host.Store.AppendAsync(append, patience.Token).Within()).Status is AppendStatus.Appended or AppendStatus.Duplicate);
                        break;
                    }
                    catch (OperationCanceledException)
                    {
                    }
                }

                written.Add(text);
            }
        })).Within();

        var all = (await _host.ReadAllAsync(path)).Split(';', StringSplitOptions.RemoveEmptyEntries).Select(text => text + ";").ToArray();
        Assert.Equal(written.Order(), all.Order());
        for (var number = 0; number < 16; number++)
            Assert.Equal(Enumerable.Range(0, 30).Select(n => $"{number}-{n};"), all.Where(text => text.StartsWith($"{number}-", StringComparison.Ordinal)));
    }

    private static async Task<string> Outcome(Task<AppendResult> append)
    {
        try
        {
            return (await append).Status.ToString();
        }
        catch (Npgsql.PostgresException e)
        {
            return e.SqlState;
        }
    }
}
