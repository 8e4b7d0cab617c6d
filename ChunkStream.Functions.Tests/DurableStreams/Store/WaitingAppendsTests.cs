using System.Collections.Concurrent;
using ChunkStream.DurableStreams;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using CsCheck;
using Microsoft.Extensions.Options;

namespace ChunkStream.Functions.Tests.DurableStreams.Store;

/// <summary>Which appends each call sends, in which order, and how long each append keeps its room.</summary>
public sealed class WaitingAppendsTests
{
    private const int MostAppends = 256;
    private const int MostBytes = 4 * 1024 * 1024;

    private static readonly byte[] Data = new byte[2 * MostBytes];

    private static readonly Gen<Step> Steps = Gen.Select(
        Gen.Frequency((6, Act.Add), (1, Act.AddMany), (4, Act.Next), (2, Act.Leave)),
        Gen.Int[0, 2],
        Gen.OneOf(Gen.Int[0, 100], Gen.Int[0, 2 * MostBytes], Gen.OneOf(MostBytes - 1, MostBytes, MostBytes + 1)),
        Gen.Int[0, 1000],
        (act, stream, bytes, choice) => new Step(act, stream, bytes, choice));

    private enum Act
    {
        Add,
        AddMany,
        Next,
        Leave,
    }

    [Fact]
    public void Each_stream_s_appends_are_sent_in_their_order_and_as_many_at_once_as_may()
        => Steps.Array[1, 80].Holds(200, steps =>
        {
            var model = new Model();
            foreach (var step in steps)
                model.Run(step);
            model.End();
        });

    [Theory]
    [InlineData(MostBytes, 1, 1)]
    [InlineData(MostBytes - 1, 1, 2)]
    [InlineData(1, MostBytes, 1)]
    [InlineData(2 * MostBytes, 1, 1)]
    public void One_call_has_four_mebibytes_at_most_unless_one_append_has_more(int first, int second, int together)
    {
        var appends = new WaitingAppends();
        Assert.True(appends.Add(Append("a", 1)));
        Assert.False(appends.Add(Append("a", first)));
        Assert.False(appends.Add(Append("a", second)));

        Assert.Equal(together, appends.Next("a").Count);
    }

    [Fact]
    public async Task Whoever_adds_at_the_same_time_each_append_is_sent_once_and_each_writer_s_in_its_order()
    {
        const int Writers = 8;
        const int Each = 5000;
        var appends = new WaitingAppends();
        var sent = new ConcurrentDictionary<string, ConcurrentQueue<WaitingAppend>>();
        var underWay = new ConcurrentDictionary<string, int>();
        var senders = new ConcurrentBag<Task>();

        var written = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() =>
        {
            var mine = Enumerable.Range(0, Each).Select(n => Append($"stream-{(writer + n) % 3}", 1)).ToArray();
            foreach (var append in mine)
            {
                if (appends.Add(append))
                    senders.Add(Task.Run(() => Send(append)));
            }

            return mine;
        }))).Within();
        await Task.WhenAll(senders).Within();

        Assert.Equal(Writers * Each, sent.Values.Sum(stream => stream.Count));
        var places = sent.Values.SelectMany(stream => stream.Index()).ToDictionary(one => one.Item, one => one.Index);
        foreach (var inOneStream in written.SelectMany(mine => mine.GroupBy(append => append.Path)))
        {
            var order = inOneStream.Select(append => places[append]).ToArray();
            Assert.True(order.SequenceEqual(order.Order()));
        }

        void Send(WaitingAppend first)
        {
            for (List<WaitingAppend> group = [first]; group.Count > 0; group = appends.Next(first.Path))
            {
                Assert.Equal(1, underWay.AddOrUpdate(first.Path, 1, (_, calls) => calls + 1));
                foreach (var append in group)
                    sent.GetOrAdd(first.Path, _ => new()).Enqueue(append);
                underWay.AddOrUpdate(first.Path, 0, (_, calls) => calls - 1);
            }
        }
    }

    private static WaitingAppend Append(string path, int bytes, AppendRoom? room = null)
    {
        var place = (room ?? Unbounded()).Open(path);
        ReadOnlyMemory<byte>[] content = [Data.AsMemory(0, bytes)];
        var append = new WaitingAppend(
            new AppendToStream(path, "text/plain", content, Close: false, Sequence: null, Producer: null), place);
        place.Hold(append.Cost, isReceiving: false);
        return append;
    }

    private static AppendRoom Unbounded()
        => new(Options.Create(new DurableStreamOptions { MaxWaitingBytes = long.MaxValue }));

    private sealed record Step(Act Act, int Stream, int Bytes, int Choice);

    /// <summary>The rules written with plain lists, to compare the real thing with.</summary>
    private sealed class Model
    {
        private readonly WaitingAppends _appends = new();
        private readonly AppendRoom _room = Unbounded();
        private readonly Dictionary<string, List<WaitingAppend>> _waiting = [];
        private readonly HashSet<WaitingAppend> _underWay = [];
        private long _held;

        public void Run(Step step)
        {
            var path = $"stream-{step.Stream}";
            switch (step.Act)
            {
                case Act.Add:
                    Add(path, step.Bytes);
                    break;
                case Act.AddMany:
                    for (var n = step.Choice % 300; n >= 0; n--)
                        Add(path, bytes: n % 3);
                    break;
                case Act.Next when _waiting.ContainsKey(path):
                    Next(path);
                    break;
                case Act.Leave:
                    Leave(step.Choice);
                    break;
            }

            Assert.Equal(_held, _room.Bytes);
        }

        /// <summary>Sends all that waits. Then nothing is held, and the next append is the first again.</summary>
        public void End()
        {
            foreach (var path in _waiting.Keys.ToArray())
            {
                while (_waiting.ContainsKey(path))
                    Next(path);
                Add(path, bytes: 1);
                Next(path);
            }

            Assert.Equal(0, _room.Bytes);
        }

        private void Add(string path, int bytes)
        {
            var append = Append(path, bytes, _room);
            _held += append.Cost;
            var isFirst = _waiting.TryAdd(path, []);
            (isFirst ? (ICollection<WaitingAppend>)_underWay : _waiting[path]).Add(append);
            Assert.Equal(isFirst, _appends.Add(append));
        }

        // Ends the call that is under way.
        private void Next(string path)
        {
            foreach (var sent in _underWay.Where(append => append.Path == path).ToArray())
            {
                sent.Room.Dispose();
                _held -= sent.Cost;
                _underWay.Remove(sent);
            }

            var line = _waiting[path];
            var (count, bytes) = (0, 0L);
            while (count < line.Count && count < MostAppends && (count == 0 || bytes + line[count].Bytes <= MostBytes))
                bytes += line[count++].Bytes;

            var group = _appends.Next(path);

            Assert.True(line.Take(count).SequenceEqual(group));
            line.RemoveRange(0, count);
            _underWay.UnionWith(group);
            if (count == 0)
                _waiting.Remove(path);
        }

        // An append that is under way is sent all the same, and keeps its room.
        private void Leave(int choice)
        {
            var all = _waiting.Values.SelectMany(line => line).Concat(_underWay).ToArray();
            if (all.Length == 0)
                return;
            var leaving = all[choice % all.Length];
            _appends.Leave(leaving);
            _appends.Leave(leaving);
            if (_underWay.Contains(leaving))
                return;
            _held -= leaving.Cost;
            _waiting[leaving.Path].Remove(leaving);
        }
    }
}
