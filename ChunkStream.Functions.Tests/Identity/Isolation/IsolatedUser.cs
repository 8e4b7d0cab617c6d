using System.Net;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Identity.Isolation;

/// <summary>A user who does what users and others do, in an order of its own.</summary>
/// <param name="run">The run.</param>
/// <param name="number">The user's number.</param>
internal sealed class IsolatedUser(IsolationRun run, int number)
{
    private readonly Random _chance = run.Chance(number);
    private readonly string _name = IsolatedRows.NameOf(number);
    private readonly string _token = run.Token(number);

    public async Task RunAsync()
    {
        Func<Task>[] everything =
        [
            .. IsolatedRows.Queries.Select(query => (Func<Task>)(() => ReadAllAsync(query))),
            .. IsolatedRows.Queries.Select(query => (Func<Task>)(() => LeaveAndGoOnAsync(query))),
            ExpireAsync, CancelAsync, TakeTokenOfAnotherAsync, ForgeAsync, AskForAnotherAsync, FailFirstAsync,
            FailLaterAsync, HaveNoRightAsync, CheckAsync,
            .. Enumerable.Repeat(SeeNobodyAsync, 6),
        ];

        // Three users do all of it together.
        for (var round = number; round == number || !run.IsOver; round++)
        {
            var part = everything.Where((_, index) => index % 3 == round % 3).ToArray();
            _chance.Shuffle(part);
            foreach (var one in part)
            {
                await one();
                run.Advance();
            }
        }
    }

    private Task ReadAllAsync(UserQuery query) => ReadToEndAsync(query, new IsolatedStream(query, number), "read");

    private async Task LeaveAndGoOnAsync(UserQuery query)
    {
        var stream = new IsolatedStream(query, number);
        await ReadSomeAsync(query, stream, _token, _chance.Next(1, 40));
        await ReadToEndAsync(query, stream, stream.Resume is null ? "begun anew" : "resumed");
    }

    // The stream ends with its token, or is read to its end before.
    private async Task ExpireAsync()
    {
        var query = IsolatedRows.Queries[_chance.Next(2)];
        var stream = new IsolatedStream(query, number);
        await ReadSomeAsync(query, stream, run.Token(number, seconds: 1), int.MaxValue);
        await ReadToEndAsync(query, stream, "expired");
    }

    private async Task CancelAsync()
    {
        var query = _chance.GetItems([.. IsolatedRows.Queries], 1)[0];
        using var cancellation = new CancellationTokenSource(_chance.Next(30));
        await ReadSomeAsync(query, new IsolatedStream(query, number), _token, int.MaxValue, cancellation.Token);
        run.Count("cancelled");
    }

    private async Task TakeTokenOfAnotherAsync()
    {
        await Bounded.Until(() => Task.FromResult(Others().Length > 0), "another user has a resume token");
        var others = Others();
        var ((query, _), resume) = _chance.GetItems(others, 1)[0];
        var (status, body) = await AskAsync($"public/queries/{query}?resume={resume}", _token);
        Expect(HttpStatusCode.BadRequest, "another user", status, body);
        run.Count("refused");

        KeyValuePair<(UserQuery Query, int User), string>[] Others()
            => [.. run.Resumes.ToArray().Where(one => one.Key.User != number)];
    }

    private async Task ForgeAsync()
    {
        var parts = _token.Split('.');
        foreach (var token in (string?[])[null, $"{parts[0]}.{parts[1]}.{new string('A', parts[2].Length)}"])
        {
            var (status, body) = await AskAsync("public/queries/mine", token);
            Expect(HttpStatusCode.Unauthorized, token is null ? "not-signed-in" : "signature", status, body);
        }

        run.Count("forged");
    }

    // Neither the file nor the role lets a caller choose whose rows these are.
    private async Task AskForAnotherAsync()
    {
        var (status, body) = await AskAsync("public/queries/bound?who=user-0", _token);
        Expect(HttpStatusCode.BadRequest, "'who'", status, body);
        using var head = await run.SendAsync("public/queries/bound", _token, HttpMethod.Head);
        Assert.True(
            head.StatusCode is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"HEAD: {head.StatusCode}");
    }

    private async Task HaveNoRightAsync()
    {
        var (status, body) = await AskAsync("public/queries/no-right", _token);
        Expect(HttpStatusCode.Forbidden, "does not allow this user", status, body);
    }

    // The queries that don't serve are checked each time, as one of the roles.
    private async Task CheckAsync()
    {
        var (status, body) = await AskAsync("queries", token: null);
        Assert.Equal(HttpStatusCode.OK, status);
        if (JsonNode.Parse(body)!["broken"]!.AsArray() is [{ } broken, ..])
            Assert.Contains("permission denied for table isolated_open", (string?)broken["reason"]);
        run.Count("checked");
    }

    private async Task FailFirstAsync()
    {
        var (status, body) = await AskAsync("public/queries/fails-first", _token);
        Expect(HttpStatusCode.Conflict, $"not for {_name}!", status, body);
        run.Count("failed first");
    }

    private async Task FailLaterAsync()
    {
        var query = new UserQuery("fails-later", HasKey: false, IsByClaim: false);
        for (var status = 503; status == 503;)
        {
            var stream = new IsolatedStream(query, number);
            await ReadSomeAsync(query, stream, _token, int.MaxValue);
            Assert.False(stream.IsComplete, "It was to fail.");
            status = stream.Error?.GetProperty("status").GetInt32() ?? 503;
            if (status != 503)
                Expect(HttpStatusCode.Conflict, $"not for {_name}!", (HttpStatusCode)status, stream.Error!.ToString()!);
        }

        run.Count("failed later");
    }

    private async Task SeeNobodyAsync()
    {
        var path = _chance.Next(2) == 0 ? "public/queries/for-everyone" : "queries/for-machines";
        var (status, body) = await AskAsync(path, _chance.Next(2) == 0 ? _token : null);
        Expect(HttpStatusCode.OK, IsolatedRows.NobodysRow, status, body);
        run.Count("nobody");
    }

    private async Task ReadToEndAsync(UserQuery query, IsolatedStream stream, string what)
    {
        while (!stream.IsComplete)
        {
            stream.Rejoin();
            await ReadSomeAsync(query, stream, _token, int.MaxValue);
        }

        if (query.HasKey ? !Expected().SequenceEqual(stream.Ids) : !Expected().SequenceEqual(stream.Ids.Order()))
        {
            Assert.Fail(
                $"{_name} got from {query} the rows {string.Join(',', stream.Ids)} of {string.Join(',', Expected())}.");
        }

        run.Count(what);

        int[] Expected() => IsolatedRows.Expected(query, number);
    }

    /// <summary>Reads one response of a query, until it ends, breaks off, or some rows have come.</summary>
    private async Task ReadSomeAsync(
        UserQuery query, IsolatedStream stream, string token, int most, CancellationToken cancellation = default)
    {
        var path = $"public/queries/{query}?format=frames"
            + (stream.Resume is { } resume ? $"&resume={Uri.EscapeDataString(resume)}" : "");
        try
        {
            using var response = await run.SendAsync(path, token, cancellation: cancellation);
            if (!response.IsSuccessStatusCode)
            {
                // The database was gone, or the token ended before the first row.
                var body = await response.Content.ReadAsStringAsync(cancellation);
                Assert.True(
                    response.StatusCode is HttpStatusCode.ServiceUnavailable || body.Contains("access-expired"), body);
                run.Count($"{(int)response.StatusCode}");
                return;
            }

            await using var content = await response.Content.ReadAsStreamAsync(cancellation);
            await stream.ReadAsync(content, most, cancellation);
        }
        catch (Exception failure) when (IsolationRun.IsTrouble(failure))
        {
            run.Count("cut");
        }

        if (stream.Resume is { } last)
            run.Resumes[(query, number)] = last;
        if (stream.Error is { } error && query.Name != "fails-later")
            Assert.True(error.GetProperty("status").GetInt32() is 503 or 401, error.ToString());
    }

    /// <summary>Asks until the database is there.</summary>
    private async Task<(HttpStatusCode Status, string Body)> AskAsync(string path, string? token)
    {
        while (true)
        {
            try
            {
                using var response = await run.SendAsync(path, token);
                var body = await response.Content.ReadAsStringAsync();
                if (response.StatusCode is not HttpStatusCode.ServiceUnavailable)
                    return (response.StatusCode, body);
                run.Count("503");
            }
            catch (Exception failure) when (IsolationRun.IsTrouble(failure))
            {
                run.Count("cut");
            }
        }
    }

    private void Expect(HttpStatusCode expected, string text, HttpStatusCode status, string body)
    {
        if (status != expected || !body.Contains(text, StringComparison.Ordinal))
            Assert.Fail($"{_name} expected {(int)expected} with \"{text}\", but got {(int)status}: {body}");
    }
}
