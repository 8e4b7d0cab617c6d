using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ChunkStream.Functions.Tests.Contract.Fuzz;

/// <summary>The requests of one seed, one after another, and what is wrong with the answers.</summary>
internal sealed partial class FuzzSeed
{
    private const int MostProblemBytes = 16 * 1024;

    private readonly Uri _server;
    private readonly int _seed;
    private readonly FuzzValues _values;
    private readonly RequestMaker _requests;
    private readonly RawMaker _raws;

    /// <param name="server">The server that is asked.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="key">The server's function key, or null.</param>
    public FuzzSeed(Uri server, int seed, string? key)
    {
        (_server, _seed) = (server, seed);
        var random = new Random(seed);
        _values = new FuzzValues(random);
        _requests = new RequestMaker(random, _values, string.Create(CultureInfo.InvariantCulture, $"fuzz/{seed}"), key);
        _raws = new RawMaker(random, _values, _requests);
    }

    /// <summary>Sends a number of requests, and reports each fault with its request.</summary>
    public async Task RunAsync(int count, Action<string> fault)
    {
        for (var number = 0; number < count; number++)
        {
            var request = _values.Chance(80) ? _requests.Next() : _raws.Next();
            var status = await TryAsync(request, number, fault);
            // What GET found may have expired since: then it finds it no more.
            if (request.Head is { } head && await TryAsync(head, number, fault) is { } headStatus
                && Differ(status, headStatus) && Differ(await TryAsync(request, number, fault), headStatus))
                Tell(fault, number, request, $"GET has the status {status}, HEAD has {headStatus}", "");
        }
    }

    // Only GET runs the query, so only GET finds too many rows or a failing database.
    private static bool Differ(int? status, int headStatus)
        => status is not (null or 413 or >= 500) && headStatus < 500 && (status >= 400 || headStatus >= 400)
            && status != headStatus;

    private async Task<int?> TryAsync(FuzzRequest request, int number, Action<string> fault)
    {
        var text = "";
        try
        {
            (text, var isAll) = await FuzzClient.SendAsync(_server, request);
            var (answers, rest) = FuzzAnswer.Parse(text, request.Methods);
            foreach (var answer in answers)
            {
                if (Complaint(answer, request, isAll) is { } complaint)
                    Tell(fault, number, request, complaint, text);
            }

            if (!request.IsBroken && isAll && request.Leaving is Leaving.AfterAll
                && (answers.Count != 1 || rest.Length > 0))
                Tell(fault, number, request, $"{answers.Count} answers, then {rest.Length} bytes", text);
            foreach (var answer in answers)
                Remember(answer);
            return answers.Count == 0 ? null : answers[0].Status;
        }
        catch (Exception e)
            when (e is TimeoutException or FormatException or OverflowException or IndexOutOfRangeException)
        {
            Tell(fault, number, request, $"{e.GetType().Name}: {e.Message}", text);
            return null;
        }
    }

    private static string? Complaint(FuzzAnswer answer, FuzzRequest request, bool isAll)
    {
        if (answer.Status is 500 or 502 || answer.Status > 504)
            return request.IsBroken && answer is { Status: 505, Body: "" } ? null : $"status {answer.Status}";
        if (answer.Status < 400 || !answer.IsWhole || !isAll)
            return null;
        if (answer.Body.Length > MostProblemBytes)
            return $"a problem of {answer.Body.Length} bytes";
        if (request.IsBroken && answer.Header("Content-Length") == "0")
            return null;
        if (answer.Header("Content-Type") != "application/problem+json")
            return $"status {answer.Status} with content type '{answer.Header("Content-Type")}'";
        return answer.Method == "HEAD" ? null : Malformed(answer);
    }

    private static string? Malformed(FuzzAnswer answer)
    {
        try
        {
            var problem = JsonNode.Parse(answer.Body)!;
            return problem["status"]!.GetValue<int>() == answer.Status
                && problem["type"]!.GetValue<string>().StartsWith("urn:chunkstream:", StringComparison.Ordinal)
                && problem["title"]!.GetValue<string>().Length > 0
                && problem["detail"]!.GetValue<string>().Length > 0 ? null : "a problem that is none";
        }
        catch (Exception e)
            when (e is System.Text.Json.JsonException or NullReferenceException or InvalidOperationException)
        {
            return $"a problem that is none: {e.Message}";
        }
    }

    private void Remember(FuzzAnswer answer)
    {
        foreach (var name in new[] { "Stream-Next-Offset", "Stream-Cursor", "ETag" })
            _values.Saw(answer.Header(name) ?? "");
        var end = answer.Body.Length < 5000 ? answer.Body : answer.Body[^5000..];
        foreach (Match token in Token().Matches(end).TakeLast(2))
            _values.Saw(token.Groups["token"].Value);
    }

    private void Tell(Action<string> fault, int number, FuzzRequest request, string complaint, string answer)
        => fault($"seed {_seed}, request {number}: {complaint}\n  {request}\n  gives "
            + $"{(answer.Length > 600 ? answer[..600] : answer).ReplaceLineEndings(" | ")}");

    [GeneratedRegex(
        """^id: ?(?<token>\S+)|"(checkpoint|continue|resume)": ?"(?<token>[^"]+)"|resume=(?<token>[^&"\s]+)""",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Token();
}
