using System.Collections.Concurrent;
using System.Net.Http.Headers;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Identity.Isolation;

/// <summary>Many users of one server at a time, while connections are killed. The seed decides all chance.</summary>
/// <param name="seed">The seed.</param>
/// <param name="api">The server.</param>
/// <param name="issuer">The issuer of their tokens.</param>
/// <param name="duration">For how long; each user does a part of everything, however long that takes.</param>
internal sealed class IsolationRun(int seed, PlainApi api, TokenIssuer issuer, TimeSpan duration)
{
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private volatile bool _isOver;
    private int _done;

    /// <summary>How often each thing has happened, by its name.</summary>
    public ConcurrentDictionary<string, int> Happened { get; } = new();

    /// <summary>The latest resume token of each user, by query.</summary>
    public ConcurrentDictionary<(UserQuery Query, int User), string> Resumes { get; } = new();

    /// <summary>Whether nobody begins anew.</summary>
    public bool IsOver => _isOver || TimeProvider.System.GetElapsedTime(_start) > duration;

    /// <summary>How much the users have done.</summary>
    public int Done => Volatile.Read(ref _done);

    /// <summary>A user has done something.</summary>
    public void Advance() => Interlocked.Increment(ref _done);

    public Random Chance(int of) => new(unchecked((seed * 397) + of));

    public void Count(string what) => Happened.AddOrUpdate(what, 1, (_, before) => before + 1);

    /// <summary>A token of a user.</summary>
    /// <param name="user">The user.</param>
    /// <param name="seconds">For how long it holds.</param>
    public string Token(int user, double seconds) => issuer.Token(IsolatedRows.NameOf(user), claims =>
    {
        claims["exp"] = TokenIssuer.In(seconds);
        IsolatedRows.Claim(claims, user);
    });

    /// <summary>A token that holds for the whole run.</summary>
    public string Token(int user) => Token(user, duration.TotalSeconds + 600);

    /// <summary>Sends a request, and gives the response when its head is there.</summary>
    public async Task<HttpResponseMessage> SendAsync(
        string path, string? token, HttpMethod? method = null, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).Within();
    }

    /// <summary>Runs all users to their ends, and the trouble for as long.</summary>
    /// <param name="users">How many users there are.</param>
    /// <param name="trouble">What goes on until it is cancelled.</param>
    public async Task RunAsync(int users, params IEnumerable<Func<CancellationToken, Task>> trouble)
    {
        using var end = new CancellationTokenSource();
        var troubles = trouble.Select(one => Task.Run(() => one(end.Token))).ToArray();
        var everyone = Enumerable.Range(0, users)
            .Select(number => Task.Run(new IsolatedUser(this, number).RunAsync))
            .ToArray();
        var all = Task.WhenAll(everyone);
        try
        {
            // The first failure ends the run.
            for (var left = everyone.Concat(troubles).ToList(); !all.IsCompleted && left.Count > 0;)
            {
                var first = await Task.WhenAny(left).Within(duration + TimeSpan.FromMinutes(3));
                await first;
                left.Remove(first);
            }
        }
        finally
        {
            _isOver = true;
            await end.CancelAsync();
            await Task.WhenAll(troubles);
        }

        await all;
    }

    /// <summary>Whether a failed call says nothing but that its connection was killed.</summary>
    public static bool IsTrouble(Exception failure)
        => failure is HttpRequestException or IOException or OperationCanceledException;
}
