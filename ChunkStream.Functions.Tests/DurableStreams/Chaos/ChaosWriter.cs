using System.Globalization;

namespace ChunkStream.Functions.Tests.DurableStreams.Chaos;

/// <summary>
/// An idempotent producer. It repeats each append, at whichever instance answers, until it is acknowledged.
/// </summary>
internal sealed class ChaosWriter(ChaosRun run, int number)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Random _chance = run.Chance(1_000 + number);
    private int _instance = number;
    private int _epoch;
    private int _sequence;

    public int Number { get; } = number;

    /// <summary>All messages that were acknowledged, in order.</summary>
    public List<string> Acknowledged { get; } = [];

    public int Retries { get; private set; }

    public int Duplicates { get; private set; }

    public async Task RunAsync()
    {
        while (!run.WritingEnds.IsCancellationRequested)
        {
            var messages = Enumerable.Range(Acknowledged.Count, _chance.Next(1, 4))
                .Select(n => $"{Number}-{n}").ToArray();
            await AppendAsync("[" + string.Join(',', messages.Select(message => $"\"{message}\"")) + "]");
            Acknowledged.AddRange(messages);
            foreach (var message in messages)
                run.Acknowledged[message] = TimeProvider.System.GetTimestamp();

            // Sometimes it goes on like a producer that was started anew: with a new epoch.
            (_epoch, _sequence) = _chance.Next(50) == 0 ? (_epoch + 1, 0) : (_epoch, _sequence + 1);
            await Task.Delay(_chance.Next(30));
        }
    }

    private async Task AppendAsync(string body)
    {
        for (var attempt = 1; ; attempt++)
        {
            // Sometimes it leaves before the answer can come, so that the same append is under way twice.
            using var patience = new CancellationTokenSource(
                _chance.Next(10) == 0 ? TimeSpan.FromMilliseconds(_chance.Next(15)) : Patience);
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, run.Url(_instance))
                {
                    Content = ChaosRun.Json(body),
                };
                request.Headers.Add("Producer-Id", $"writer {Number}");
                request.Headers.Add("Producer-Epoch", _epoch.ToString(CultureInfo.InvariantCulture));
                request.Headers.Add("Producer-Seq", _sequence.ToString(CultureInfo.InvariantCulture));
                using var response = await run.Client.SendAsync(request, patience.Token);
                if (response.IsSuccessStatusCode)
                {
                    Duplicates += (int)response.StatusCode == 204 ? 1 : 0;
                    return;
                }

                Assert.True(
                    ChaosRun.IsTrouble(response),
                    $"Append ({_epoch}, {_sequence}) of writer {Number}, attempt {attempt}: "
                    + $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(patience.Token)}");
                run.CutsOfWriters.Enqueue($"{(int)response.StatusCode}");
            }
            catch (Exception e) when (ChaosRun.IsTrouble(e))
            {
                if (!patience.IsCancellationRequested)
                    run.CutsOfWriters.Enqueue(e.Message);
            }

            Retries++;
            _instance++;
            await Task.Delay(_chance.Next(40));
        }
    }
}
