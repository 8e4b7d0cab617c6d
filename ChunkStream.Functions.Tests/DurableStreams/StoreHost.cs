using System.Globalization;
using System.Text;
using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>
/// One process's durable streams, without HTTP. Several of these over one database are several instances.
/// </summary>
internal sealed class StoreHost : IAsyncDisposable
{
    public const string Plain = "text/plain";
    public const string Json = "application/json";

    private static int _paths;

    private readonly ServiceProvider _services;

    private StoreHost(ServiceProvider services) => _services = services;

    public RecordedLog Log { get; private init; } = null!;

    public DurableStore Store => _services.GetRequiredService<DurableStore>();

    public AppendQueue Appends => _services.GetRequiredService<AppendQueue>();

    public LiveStreams Live => _services.GetRequiredService<LiveStreams>();

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public static StoreHost Start(string connectionString, params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                settings.Append(("ConnectionStrings:Postgres", connectionString))
                    .ToDictionary(setting => setting.Item1, setting => (string?)setting.Item2))
            .Build();
        var log = new RecordedLog();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(log));
        services.AddSingleton<IConfiguration>(configuration);
        services.AddChunkStream().AddDurableStreams();
        return new StoreHost(services.BuildServiceProvider()) { Log = log };
    }

    /// <summary>A path that no other test uses.</summary>
    public static string NewPath(string name = "s")
        => string.Create(
            CultureInfo.InvariantCulture, $"{name}/{Guid.NewGuid():N}/{Interlocked.Increment(ref _paths)}");

    public async Task<CreateResult> CreateAsync(
        string path, string? contentType = Plain, string[]? content = null, bool closed = false, long? ttl = null,
        DateTimeOffset? expires = null, ForkPoint? fork = null)
        => await Store.CreateAsync(
            new CreateStream(path, contentType, contentType == Json, Bytes(content ?? []), closed, ttl, expires, fork),
            default).Within();

    public Task<AppendResult> AppendAsync(
        string path,
        string text,
        bool close = false,
        string? sequence = null,
        ProducerPosition? producer = null,
        string contentType = Plain)
        => Appends.AppendAsync(
            new AppendToStream(path, contentType, Bytes([text]), close, sequence, producer), default).Within();

    public Task<AppendResult> AppendJsonAsync(string path, params string[] messages)
        => Appends.AppendAsync(new AppendToStream(path, Json, Bytes(messages), false, null, null), default).Within();

    /// <summary>Appends to a recording, as its recorder.</summary>
    public Task<AppendResult> RecordAsync(string path, BegunRecording begun, long number, params string[] messages)
        => Appends.AppendAsync(
            new AppendToStream(
                path, Json, Bytes(messages), false, null,
                new ProducerPosition(ProducerPosition.Recorder(begun.Stream!.Id), 0, number)),
            default).Within();

    public Task<AppendResult> CloseAsync(string path, ProducerPosition? producer = null)
        => Appends.AppendAsync(new AppendToStream(path, null, [], true, null, producer), default).Within();

    public Task<StoredSegment> ReadAsync(string path, long? from = 0, int maxBytes = 1 << 20)
        => Store.ReadAsync(path, from, maxBytes, default).Within();

    /// <summary>Deletes a stream and notifies its readers.</summary>
    public async Task<Presence> DeleteAsync(string path)
    {
        var (presence, id) = await Store.DeleteAsync(path, default).Within();
        if (id is { } deleted)
            Get<IChangeSink>().Tell(deleted, null);
        return presence;
    }

    /// <summary>Reads all of a stream, segment by segment.</summary>
    public async Task<string> ReadAllAsync(string path, int segmentBytes = 1 << 20)
    {
        var segment = await ReadAsync(path, 0, segmentBytes);
        var all = new StringBuilder(Text(segment.Data));
        while (segment.Next < segment.Stream!.Tail)
        {
            segment = await Store.ReadOnAsync(
                segment.Stream.Id, segment.Next, segment.Stream.Tail, segmentBytes, default).Within();
            if (segment.Stream!.IsJson && all.Length > 0)
                all.Append(',');
            all.Append(Text(segment.Data));
        }

        return all.ToString();
    }

    public static string Text(ReadOnlyMemory<byte> data) => Encoding.UTF8.GetString(data.Span);

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private static ReadOnlyMemory<byte>[] Bytes(string[] texts)
        => [.. texts.Select(text => new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes(text)))];
}
