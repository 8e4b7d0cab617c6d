using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ChunkStream.Chat;
using ChunkStream.Chat.Requests;
using ChunkStream.Chat.Runs;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ChunkStream.Functions.Tests.Chat;

/// <summary>
/// An answer of a model is given once, to all who ask for it, on each instance; and it always says its end.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed partial class ChatTests(RealPostgres postgres)
{
    [Fact]
    public async Task An_answer_has_all_its_parts_in_the_words_of_AI_SDK_and_of_AG_UI()
    {
        await using var chat = await StartAsync();
        using var first = await chat.AskAsync(chat.One);
        Assert.Equal("v1", first.Headers.GetValues("x-vercel-ai-ui-message-stream").Single());
        Assert.Equal("text/event-stream", first.Content.Headers.ContentType?.ToString());
        using var events = await chat.ResumeAsync(chat.Other, url: ChatInstances.AgUiUrl);
        chat.Model
            .Give(new TextReasoningContent("Let me"), new TextReasoningContent(" see."))
            .Give(new FunctionCallContent("c1", "add", new Dictionary<string, object?> { ["a"] = 1, ["b"] = "ü" }))
            .Give(new FunctionCallContent("c2", "fail"))
            .Give(new FunctionResultContent("c1", new { sum = 2 }))
            .Give(new FunctionResultContent("c2", null) { Exception = new InvalidOperationException("secret") })
            .Say("Two", "\n\ndata: {}").Give(new UriContent("https://files.example/a.png", "image/png"))
            .Give(new UsageContent(new UsageDetails { InputTokenCount = 3, OutputTokenCount = 4, TotalTokenCount = 7 }))
            .End(ChatFinishReason.Stop);

        var parts = (await ChatInstances.DataAsync(first)).Select(Anonymous);
        Assert.Equal(
            [
                """{"type":"start","messageId":"msg"}""",
                """{"type":"start-step"}""",
                """{"type":"reasoning-start","id":"1"}""",
                """{"type":"reasoning-delta","id":"1","delta":"Let me"}""",
                """{"type":"reasoning-delta","id":"1","delta":" see."}""",
                """{"type":"reasoning-end","id":"1"}""",
                """{"type":"tool-input-available","toolCallId":"c1","toolName":"add","input":{"a":1,"b":"ü"}}""",
                """{"type":"tool-input-available","toolCallId":"c2","toolName":"fail","input":{}}""",
                """{"type":"tool-output-available","toolCallId":"c1","output":{"sum":2}}""",
                """{"type":"tool-output-error","toolCallId":"c2","errorText":"The tool failed."}""",
                """{"type":"finish-step"}""",
                """{"type":"start-step"}""",
                """{"type":"text-start","id":"2"}""",
                """{"type":"text-delta","id":"2","delta":"Two"}""",
                """{"type":"text-delta","id":"2","delta":"\n\ndata: {}"}""",
                """{"type":"text-end","id":"2"}""",
                """{"type":"file","url":"https://files.example/a.png","mediaType":"image/png"}""",
                """{"type":"finish-step"}""",
                """{"type":"data-end","data":{"outcome":"finished","usage":"""
                    + """{"inputTokens":3,"outputTokens":4,"totalTokens":7}},"transient":true}""",
                """{"type":"finish","finishReason":"stop"}""",
                "[DONE]",
            ],
            parts);
        Assert.Equal(
            [
                $$"""{"type":"RUN_STARTED","threadId":"{{chat.Id}}","runId":"msg"}""",
                """{"type":"REASONING_START","messageId":"msg-1"}""",
                """{"type":"REASONING_MESSAGE_START","messageId":"msg-1","role":"reasoning"}""",
                """{"type":"REASONING_MESSAGE_CONTENT","messageId":"msg-1","delta":"Let me"}""",
                """{"type":"REASONING_MESSAGE_CONTENT","messageId":"msg-1","delta":" see."}""",
                """{"type":"REASONING_MESSAGE_END","messageId":"msg-1"}""",
                """{"type":"REASONING_END","messageId":"msg-1"}""",
                """{"type":"TOOL_CALL_START","toolCallId":"c1","toolCallName":"add"}""",
                """{"type":"TOOL_CALL_ARGS","delta":"{\"a\":1,\"b\":\"ü\"}","toolCallId":"c1"}""",
                """{"type":"TOOL_CALL_END","toolCallId":"c1"}""",
                """{"type":"TOOL_CALL_START","toolCallId":"c2","toolCallName":"fail"}""",
                """{"type":"TOOL_CALL_ARGS","delta":"{}","toolCallId":"c2"}""",
                """{"type":"TOOL_CALL_END","toolCallId":"c2"}""",
                """{"type":"TOOL_CALL_RESULT","messageId":"msg-c1","role":"tool","toolCallId":"c1","""
                    + """
                    "content":"{\"sum\":2}"}
                    """,
                """{"type":"TOOL_CALL_RESULT","messageId":"msg-c2","role":"tool","toolCallId":"c2","""
                    + """
                    "content":"The tool failed."}
                    """,
                """{"type":"TEXT_MESSAGE_START","messageId":"msg-2","role":"assistant"}""",
                """{"type":"TEXT_MESSAGE_CONTENT","messageId":"msg-2","delta":"Two"}""",
                """{"type":"TEXT_MESSAGE_CONTENT","messageId":"msg-2","delta":"\n\ndata: {}"}""",
                """{"type":"TEXT_MESSAGE_END","messageId":"msg-2"}""",
                """{"type":"CUSTOM","name":"file","value":{"type":"file","url":"https://files.example/a.png","""
                    + """
                    "mediaType":"image/png"}}
                    """,
                $$"""{"type":"RUN_FINISHED","threadId":"{{chat.Id}}","runId":"msg","outcome":{"type":"success"},"""
                    + """
                    "usage":[{"inputTokens":3,"outputTokens":4,"totalTokens":7}]}
                    """,
            ],
            (await ChatInstances.DataAsync(events)).Select(Anonymous));
    }

    [Fact]
    public async Task Each_token_reaches_every_reader_on_each_instance_when_it_is_made()
    {
        await using var chat = await StartAsync();
        using var first = await chat.AskAsync(chat.One);
        using var joined = await chat.AskAsync(chat.Other);
        using var agent = await chat.ResumeAsync(chat.One, url: ChatInstances.AgUiUrl);
        var bodies = new List<Stream>();
        foreach (var response in new[] { first, joined, agent })
            bodies.Add(await response.Content.ReadAsStreamAsync());
        for (var token = 0; token < 5; token++)
        {
            chat.Model.Say($"token {token};");
            foreach (var body in bodies)
                Assert.DoesNotContain(
                    $"token {token + 1}", await body.ReadUntilAsync($"token {token};"), StringComparison.Ordinal);
        }

        chat.Model.End();
        Assert.EndsWith("data: [DONE]\n\n", await bodies[1].ReadUntilAsync("[DONE]"), StringComparison.Ordinal);
        Assert.Equal(1, chat.Model.Starts);
    }

    [Fact]
    public async Task Of_requests_that_come_together_one_asks_the_model_and_all_get_the_same_tokens()
    {
        await using var chat = await StartAsync();

        var asked = Enumerable.Range(0, 20)
            .Select(number => Task.Run(() => chat.AskAsync(chat.Both[number % 2]))).ToArray();
        await Task.WhenAll(asked).Within();
        chat.Model.Say(Enumerable.Range(0, 500).Select(number => $"{number} ")).End();
        var all = await Task.WhenAll(asked.Select(response => ChatInstances.DataAsync(response.Result))).Within();

        Assert.Equal(1, chat.Model.Starts);
        Assert.All(all, data => Assert.Equal(all[0], data));
        Assert.Equal(
            string.Concat(Enumerable.Range(0, 500).Select(number => $"{number} ")), ChatInstances.Text(all[0]));
        using var later = await chat.ResumeAsync(chat.Other);
        Assert.Equal(HttpStatusCode.NoContent, later.StatusCode);

        // The next message has an answer of its own.
        chat.Model.Again().Say("Again.").End();
        var next = await ChatInstances.DataAsync(await chat.AskAsync(chat.Other, "And?"));
        Assert.Equal("Again.", ChatInstances.Text(next));
        Assert.Equal(2, chat.Model.Starts);
    }

    [Fact]
    public async Task Another_message_is_refused_and_not_lost_while_an_answer_goes_on()
    {
        await using var chat = await StartAsync();
        using var first = await chat.AskAsync(chat.One, "First");
        using (var second = await chat.AskAsync(chat.Other, "Second"))
        {
            Assert.Equal(HttpStatusCode.Conflict, second.StatusCode);
            Assert.Equal("urn:chunkstream:another-run", (string?)(await second.ProblemAsync())["type"]);
        }

        chat.Model.Say("One.").End();
        Assert.Equal("One.", ChatInstances.Text(await ChatInstances.DataAsync(first)));
        chat.Model.Again().Say("Two.").End();
        Assert.Equal(
            "Two.", ChatInstances.Text(await ChatInstances.DataAsync(await chat.AskAsync(chat.Other, "Second"))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stop_on_the_other_instance_ends_the_answer_within_a_second_for_all_readers(bool isDeaf)
    {
        await using var chat = await StartAsync(new ScriptedModel { IsDeaf = isDeaf });

        // Not each time, because the machine may have much else to do.
        var took = TimeSpan.MaxValue;
        for (var attempt = 0; attempt < 8 && took > TimeSpan.FromSeconds(1); attempt++)
            took = await StoppedAsync(chat, $"Why {attempt}?");

        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        if (isDeaf)
            await chat.One.Log.FindAsync(entry => entry.Event.Name == "ChatAnswerNotReleased", "the operator is told");
        else
            await chat.Model.Released.Within();
        using var nothing = await chat.StopAsync(chat.One);
        using var ended = await chat.ResumeAsync(chat.One);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (nothing.StatusCode, ended.StatusCode));
    }

    [Theory]
    [InlineData(ChatInstances.Url, "")]
    [InlineData(ChatInstances.AgUiUrl, "run-7")]
    public async Task A_stop_that_names_an_answer_stops_no_other_one(string url, string runId)
    {
        await using var chat = await StartAsync();
        chat.Model.Say("One.").End();
        var first = AnswerId((await ChatInstances.DataAsync(await AskAsync("First", runId.Replace('7', '6'))))[0]);

        chat.Model.Again().Say("Two");
        using var second = await AskAsync("Second", runId);
        var body = await second.Content.ReadAsStreamAsync();
        var read = await body.ReadUntilAsync("Two");
        foreach (var (query, expected) in new[]
        {
            ("?run=" + first, HttpStatusCode.NoContent), ("?run=", HttpStatusCode.BadRequest),
            ("?run=a&run=b", HttpStatusCode.BadRequest),
        })
        {
            using var other = await chat.StopAsync(chat.Other, query, url);
            Assert.Equal(expected, other.StatusCode);
        }

        // It goes on. One who joins it is told whose answer it is, and can stop it.
        chat.Model.Say(" more");
        read += await body.ReadUntilAsync("more");
        using var joined = await AskAsync("Second", runId.Replace('7', '8'));
        var tokens = await (await joined.Content.ReadAsStreamAsync()).ReadUntilAsync("more");
        var id = AnswerId(SseReader.Events(tokens)[0].Data);
        Assert.NotEqual(first, id);
        Assert.StartsWith(runId, id, StringComparison.Ordinal);
        using var stopped = await chat.StopAsync(chat.Other, "?run=" + id, url);
        Assert.True(stopped.IsSuccessStatusCode);
        read += await body.ReadUntilAsync(runId.Length > 0 ? "RUN_FINISHED" : "[DONE]");
        Assert.Contains(runId.Length > 0 ? "cancelled" : "\"stopped\"", read, StringComparison.Ordinal);

        Task<HttpResponseMessage> AskAsync(string text, string run)
            => ChatInstances.PostAsync(chat.One, url, run.Length > 0
                ? ChatInstances.AgUiBody(chat.Id, text, run)
                : ChatInstances.UiBody(chat.Id, text));

        static string AnswerId(string start)
            => (string)(JsonNode.Parse(start)!["messageId"] ?? JsonNode.Parse(start)!["runId"])!;
    }

    [Theory]
    [InlineData(false, "The answer failed.")]
    [InlineData(true, "Too many words.")]
    public async Task A_failure_of_the_model_is_told_in_no_other_words_than_the_apps(bool isDescribed, string expected)
    {
        await using var chat = await StartAsync(configure: options => options.DescribeFailure = isDescribed
            ? failure => failure is InvalidOperationException ? "Too many words." : null
            : null);
        using var first = await chat.AskAsync(chat.One);
        using var agent = await chat.ResumeAsync(chat.Other, url: ChatInstances.AgUiUrl);
        chat.Model.Say("Some").Fail(new InvalidOperationException("secret key"));

        var data = await ChatInstances.DataAsync(first);
        Assert.Equal(("Some", "failed"), (ChatInstances.Text(data), ChatInstances.Outcome(data)));
        Assert.Equal([$$"""{"type":"error","errorText":"{{expected}}"}""", "[DONE]"], data[^2..]);
        Assert.Equal(
            $$"""{"type":"RUN_ERROR","message":"{{expected}}","code":"failed"}""",
            (await ChatInstances.DataAsync(agent))[^1]);
        var logged = await chat.One.Log.FindAsync(entry => entry.Event.Name == "ChatAnswerFailed", "it is logged");
        Assert.Contains("secret key", logged.Exception!.Message, StringComparison.Ordinal);

        // What the model says of its own failure is no text for readers either.
        chat.Model.Again().Give(new ErrorContent("secret key")).End();
        data = await ChatInstances.DataAsync(await chat.AskAsync(chat.One, "Again"));
        Assert.Equal("failed", ChatInstances.Outcome(data));
        Assert.DoesNotContain("secret", string.Concat(data), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_goes_on_without_readers()
    {
        await using var chat = await StartAsync(settings: ("ChunkStream:Streams:RecordSeconds", "0"));
        using (await chat.AskAsync(chat.One))
        {
        }

        await chat.Model.AskedAsync();
        chat.Model.Say("Some");
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.False(chat.Model.Released.IsCompleted);
        using var resumed = await chat.ResumeAsync(chat.Other);
        chat.Model.Say(" more.").End();

        var data = await ChatInstances.DataAsync(resumed);
        Assert.Equal(("Some more.", "finished"), (ChatInstances.Text(data), ChatInstances.Outcome(data)));
    }

    [Fact]
    public async Task An_answer_ends_where_it_takes_too_long()
    {
        await using var chat = await StartAsync(
            configure: options => options.MaxAnswerDuration = TimeSpan.FromSeconds(4));
        chat.Model.Say("Some");

        var data = await ChatInstances.DataAsync(await chat.AskAsync(chat.One));

        Assert.Equal(("Some", "failed"), (ChatInstances.Text(data), ChatInstances.Outcome(data)));
        Assert.Contains("took longer", data[^2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_whose_process_is_gone_is_told_to_all_until_the_next_one_which_nobody_can_disturb()
    {
        await using var chat = await StartAsync(settings: ("ChunkStream:Streams:RecorderSeconds", "3"));
        await using var gone = StoreHost.Start(
            postgres.ConnectionString, ("ChunkStream:Streams:RecorderSeconds", "3"));
        var name = ChatKey.Create("chat", null, chat.Id);
        var begun = await gone.Get<RecordingStore>().BeginAsync(
            ChatRun.Shape(name) with { Subject = "submit-message Why?" }, Guid.NewGuid(), mayCreate: true, default);
        await gone.RecordAsync(
            begun.Path!, begun, 0, """{"type":"start","messageId":"msg-0"}""", """{"type":"text-start","id":"1"}""",
            """{"type":"text-delta","id":"1","delta":"Some"}""");

        // One who joins, one who resumes, and one who comes when it is over.
        using var joined = await chat.AskAsync(chat.One);
        using var resumed = await chat.ResumeAsync(chat.Other);
        foreach (var response in new[] { joined, resumed, await chat.ResumeAsync(chat.One) })
        {
            var data = await ChatInstances.DataAsync(response);
            Assert.Equal(("Some", "abandoned"), (ChatInstances.Text(data), ChatInstances.Outcome(data)));
            Assert.Equal(
                [
                    """{"type":"error","errorText":"The answer was cut off, because the server that gave it is """
                        + """
                        gone. Ask again."}
                        """,
                    "[DONE]",
                ],
                data[^2..]);
        }

        using var agent = await chat.ResumeAsync(chat.One, url: ChatInstances.AgUiUrl);
        Assert.Contains(
            """
            "code":"abandoned"
            """, (await ChatInstances.DataAsync(agent))[^1], StringComparison.Ordinal);
        Assert.Equal(0, chat.Model.Starts);

        // The next answer has a stream of its own. One that was believed dead is told, and can't write into it.
        using var next = await chat.AskAsync(chat.One, "Next?");
        chat.Model.Say("New.");
        var body = await next.Content.ReadAsStreamAsync();
        await body.ReadUntilAsync("New.");
        Assert.True(Assert.Single(
            await gone.Get<RecordingStore>().StopsAsync([begun.Stream!.Id], default)).IsReplaced);
        await gone.RecordAsync(begun.Path!, begun, 1, """{"type":"text-delta","id":"1","delta":" more"}""");
        chat.Model.End();
        Assert.DoesNotContain(" more", await body.ReadUntilAsync("[DONE]"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stop_of_an_answer_that_nobody_gives_any_more_does_not_hold_up_the_next_one()
    {
        await using var chat = await StartAsync();
        await using var gone = StoreHost.Start(postgres.ConnectionString);
        var begun = await gone.Get<RecordingStore>().BeginAsync(
            ChatRun.Shape(ChatKey.Create("chat", null, chat.Id)), Guid.NewGuid(), mayCreate: true, default);
        using (var refused = await chat.AskAsync(chat.One))
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);

        // Nobody knows yet which answer it is, so a stop of a certain one does not stop it.
        using (var other = await chat.StopAsync(chat.One, "?run=msg-1"))
            Assert.Equal(HttpStatusCode.Accepted, other.StatusCode);
        Assert.Empty(await gone.Get<RecordingStore>().StopsAsync([begun.Stream!.Id], default));

        using var stopped = await chat.StopAsync(chat.One);
        Assert.Equal(HttpStatusCode.Accepted, stopped.StatusCode);
        chat.Model.Say("New.").End();
        HttpResponseMessage? next = null;
        await Bounded.Until(
            async () => (next = await chat.AskAsync(chat.One)).IsSuccessStatusCode, "the next answer begins",
            TimeSpan.FromSeconds(10));

        Assert.Equal("New.", ChatInstances.Text(await ChatInstances.DataAsync(next!)));
    }

    [Fact]
    public async Task Chats_of_different_owners_never_meet_and_the_app_says_who_may_use_which()
    {
        await using var chat = await StartAsync(configure: options =>
        {
            options.Owner = http => http.Request.Query["user"];
            options.Authorize = (_, id) => ValueTask.FromResult(!id.StartsWith("locked", StringComparison.Ordinal));
        });
        var body = ChatInstances.UiBody(chat.Id, "Why?");
        using var first = await ChatInstances.PostAsync(chat.One, ChatInstances.Url + "?user=ann", body);
        chat.Model.Say("For Ann");
        await (await first.Content.ReadAsStreamAsync()).ReadUntilAsync("For Ann");

        using var others = await chat.One.GetAsync(ChatInstances.StreamUrl(chat.Id) + "?user=bob");
        using var hers = await chat.Other.GetAsync(ChatInstances.StreamUrl(chat.Id) + "?user=ann");
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.OK), (others.StatusCode, hers.StatusCode));
        using var locked = ChatInstances.PostAsync(
            chat.One, ChatInstances.Url + "?user=ann", ChatInstances.UiBody("locked", "Why?"));
        foreach (var refused in new[]
        {
            await chat.ResumeAsync(chat.One), await chat.StopAsync(chat.One), await chat.AskAsync(chat.One),
            await locked, await chat.One.GetAsync(ChatInstances.StreamUrl("locked") + "?user=ann"),
        })
        {
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.Equal("urn:chunkstream:forbidden", (string?)(await refused.ProblemAsync())["type"]);
            refused.Dispose();
        }

        Assert.Equal(1, chat.Model.Starts);
    }

    [Fact]
    public async Task Ids_are_opaque_and_a_bad_request_says_what_is_wrong()
    {
        await using var chat = await StartAsync();
        var ids = new[]
        {
            "a/b", "a%2Fb", "...", "~", "ünï ☃", "a b?c#d", "1", new string('x', 900), new string('x', 900) + "/",
        };
        foreach (var id in ids.Select(id => chat.Id + id))
        {
            chat.Model.Again().Say(id);
            using var first = await chat.AskAsync(chat.One, id: id);
            using var resumed = await chat.ResumeAsync(chat.Other, id);
            using var other = await chat.ResumeAsync(chat.Other, id + "x");
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NoContent), (resumed.StatusCode, other.StatusCode));
            chat.Model.End();
            Assert.Equal(id, ChatInstances.Text(await ChatInstances.DataAsync(resumed)));
        }

        // The ids of messages are as opaque, also those that the database can't store.
        foreach (var text in new[] { "a\0b", new string('x', 5000) })
        {
            chat.Model.Again().Say("Stored.").End();
            var data = await ChatInstances.DataAsync(await chat.AskAsync(chat.One, text));
            Assert.Equal("Stored.", ChatInstances.Text(data));
        }

        foreach (var (body, expected) in new[]
        {
            ("", "not JSON"), ("{", "not JSON, line 1"), ("[]", "must be a JSON object"), ("{}", "'id' must be"),
            ("""{"id":""}""", "'id' must be"), ("""{"id":"1"}""", "'messages'"),
            ("""{"id":"1","messages":[]}""", "empty"),
            ("""{"id":"1","messages":[{"id":"2"}]}""", "form"), ("""{"id":"1","messages":[7]}""", "form"),
            ("""{"id":"1","messages":[{"role":""}]}""", "form"),
            ("""{"id":"1","messages":[{"role":"user","parts":[{"type":"file","url":"data:x"}]}]}""", "form"),
        })
        {
            using var refused = await ChatInstances.PostAsync(chat.One, ChatInstances.Url, body);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            var problem = await refused.ProblemAsync();
            Assert.Equal("urn:chunkstream:invalid-chat", (string?)problem["type"]);
            Assert.Contains(expected, (string?)problem["detail"], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("text/plain", 0, HttpStatusCode.UnsupportedMediaType, "unsupported-media-type", "application/json")]
    [InlineData("application/json", 1, HttpStatusCode.RequestEntityTooLarge, "body-too-large", "at most 2000 bytes")]
    [InlineData("application/json", 0, HttpStatusCode.OK, "", "")]
    public async Task A_body_of_another_type_or_above_the_limit_is_refused_and_asks_no_model(
        string contentType, int above, HttpStatusCode expected, string problem, string detail)
    {
        await using var chat = await StartAsync(configure: options => options.MaxRequestBytes = 2000);
        chat.Model.End();
        var body = ChatInstances.UiBody(chat.Id, "Why?").PadRight(2000 + above);
        using var response = await ChatInstances.PostAsync(chat.One, ChatInstances.Url, body, contentType);
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal(expected is HttpStatusCode.OK ? 1 : 0, chat.Model.Starts);
        if (expected is HttpStatusCode.OK)
            return;
        var told = await response.ProblemAsync();
        Assert.Equal("urn:chunkstream:" + problem, (string?)told["type"]);
        Assert.Contains(detail, (string?)told["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_stops_coming_is_given_up_and_asks_no_model()
    {
        var time = new FakeTimeProvider();
        var model = new ScriptedModel();
        await using var api = await PlainApi.StartAsync(
            app => app.MapChat(ChatInstances.Url, model.Answer),
            services => services.AddSingleton<TimeProvider>(time).AddChunkStream().AddDurableStreams(),
            settings: ("ConnectionStrings:Postgres", postgres.ConnectionString));

        var sent = RawRequest.SendAsync(
            api.Client.BaseAddress!,
            $"POST {ChatInstances.Url} HTTP/1.1\nContent-Type: application/json\nContent-Length: 100",
            "{\"id\":"u8.ToArray());
        await Bounded.Until(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(10));
                return Task.FromResult(sent.IsCompleted);
            },
            "the body is given up");

        var refused = await sent;
        Assert.Equal(408, refused.Status);
        Assert.Contains("brought nothing for 10 seconds", (string?)refused.Problem["detail"], StringComparison.Ordinal);
        Assert.Equal(0, model.Starts);
    }

    [Fact]
    public async Task An_instance_that_is_stopped_lets_the_model_end_and_its_answer_is_told_to_be_abandoned()
    {
        await using var chat = await StartAsync();
        using var first = await chat.AskAsync(chat.One);
        using var elsewhere = await chat.ResumeAsync(chat.Other);
        chat.Model.Say("Some");
        await (await first.Content.ReadAsStreamAsync()).ReadUntilAsync("Some");

        await chat.One.StopAsync().Within();

        await chat.Model.Released.Within();
        var data = await ChatInstances.DataAsync(elsewhere);
        Assert.Equal(("Some", "abandoned"), (ChatInstances.Text(data), ChatInstances.Outcome(data)));
        chat.Model.Again().Say("Next.").End();
        data = await ChatInstances.DataAsync(await chat.AskAsync(chat.Other, "And?"));
        Assert.Equal("Next.", ChatInstances.Text(data));
    }

    // How long a stop takes of an answer that three readers have.
    private static async Task<TimeSpan> StoppedAsync(ChatInstances chat, string message)
    {
        chat.Model.Again();
        using var first = await chat.AskAsync(chat.One, message);
        using var resumed = await chat.ResumeAsync(chat.Other);
        using var agent = await chat.ResumeAsync(chat.Other, url: ChatInstances.AgUiUrl);
        chat.Model.Say("Some");
        var body = await resumed.Content.ReadAsStreamAsync();
        await body.ReadUntilAsync("Some");

        var clock = Stopwatch.StartNew();
        using var stopped = await chat.StopAsync(chat.Other);

        // It is answered with Accepted where the end is not there within two seconds.
        var took = stopped.StatusCode is HttpStatusCode.Accepted ? TimeSpan.MaxValue : clock.Elapsed;
        Assert.True(stopped.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.Accepted);

        var data = await ChatInstances.DataAsync(first);
        Assert.Equal(("Some", "stopped"), (ChatInstances.Text(data), ChatInstances.Outcome(data)));
        Assert.Equal(
            [
                """{"type":"abort","reason":"It was stopped."}""",
                """{"type":"finish","finishReason":"interrupted"}""",
                "[DONE]",
            ],
            data[^3..]);
        Assert.Contains("\"stopped\"", await body.ReadUntilAsync("[DONE]"), StringComparison.Ordinal);
        Assert.Contains("""
            "outcome":{"type":"cancelled"}
            """, (await ChatInstances.DataAsync(agent))[^1], StringComparison.Ordinal);
        return took;
    }

    private Task<ChatInstances> StartAsync(
        ScriptedModel? model = null,
        Action<ChatStreamOptions>? configure = null,
        params (string Key, string Value)[] settings)
        => ChatInstances.StartAsync(postgres.ConnectionString, model, configure, settings: settings);

    // Without what is new in each run.
    private static string Anonymous(string data)
        => NewId.Replace(data, "msg");

    [GeneratedRegex("msg-[0-9a-f]{32}")]
    private static partial Regex NewId { get; }
}
