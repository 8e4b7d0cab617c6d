using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Browser;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Extensions.AI;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ChunkStream.Functions.Tests.Chat;

/// <summary>
/// AI SDK's <c>useChat</c> in a page of React, and AG-UI's <c>HttpAgent</c>, as npm has them: a reload, a second tab, a
/// stop, an instance that is killed. Each shows the same tokens once, or says how it ended.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class ChatClientTests(RealPostgres postgres, Chromium chromium) : IClassFixture<Chromium>
{
    private static readonly Lazy<Task<string>> Script = new(BundleAsync);

    [ChromiumFact]
    public async Task A_page_with_useChat_goes_on_after_a_reload_and_in_a_second_tab_and_stops_in_both()
    {
        await using var chat = await ChatInstances.StartAsync(postgres.ConnectionString);
        var first = await OpenAsync(chat.One.Client.BaseAddress!, chat.Id);
        await first.ClickAsync("#ask");
        await chat.Model.AskedAsync();
        Assert.Equal("Count to 500", chat.Model.Turn!.Messages[^1].Text);
        chat.Model.Give(new TextReasoningContent("Hm."))
            .Give(new FunctionCallContent("c1", "add", new Dictionary<string, object?> { ["a"] = 1 }))
            .Give(new FunctionResultContent("c1", new { sum = 2 })).Say("1 ", "2 ");
        const string Begin = """(Hm.)[tool-add {"a":1}={"sum":2}]1 2""";
        await ShowsAsync(first, "answer", Begin);

        await first.ReloadAsync();
        await ShowsAsync(first, "answer", Begin);
        var second = await OpenAsync(chat.Other.Client.BaseAddress!, chat.Id);
        await ShowsAsync(second, "answer", Begin);
        chat.Model.Say("3 ");
        foreach (var page in new[] { first, second })
        {
            await ShowsAsync(page, "answer", Begin + " 3");
            await ShowsAsync(page, "status", "streaming");
        }

        await second.ClickAsync("#stop");
        foreach (var page in new[] { first, second })
        {
            await ShowsAsync(page, "end", "stopped");
            await ShowsAsync(page, "status", "ready");
            await ShowsAsync(page, "answer", Begin + " 3");
            await ShowsAsync(page, "error", "");
        }

        // The next message has an answer of its own, which fails.
        chat.Model.Again().Say("So").Fail(new InvalidOperationException("secret"));
        await first.ClickAsync("#ask");
        await ShowsAsync(first, "error", "The answer failed.");
        await ShowsAsync(first, "answers", "2");
        await ShowsAsync(first, "end", "failed");
        await ShowsAsync(first, "answer", "So");
    }

    [ChromiumFact]
    public async Task A_page_is_told_that_the_instance_which_gave_the_answer_was_killed()
    {
        (string, string)[] settings =
        [
            ("ConnectionStrings__Postgres", postgres.ConnectionString),
            ("ChunkStream__Streams__RecorderSeconds", "3"),
            // The sample's page is in its folder, where "dotnet run" starts it.
            ("ASPNETCORE_CONTENTROOT", Path.Combine(Repository.Root, "samples", "Chat")),
        ];
        var sample = Path.Combine(Built.Folder("samples", "Chat"), "Chat.dll");
        var id = $"chat-{Guid.NewGuid():N}";
        await using var one = await WebProgram.StartAsync(sample, settings);
        await using var other = await WebProgram.StartAsync(sample, settings);
        var page = await OpenAsync(one.Client.BaseAddress!, id);
        await page.ClickAsync("#ask");
        await Expect(page.Locator("#answer")).ToContainTextAsync("]1 2 3 4 5");
        var second = await OpenAsync(other.Client.BaseAddress!, id);
        await Expect(second.Locator("#answer")).ToContainTextAsync("]1 2 3 4 5");
        System.Diagnostics.Process.GetProcessById(one.Id).Kill();

        await ShowsAsync(page, "status", "error");
        var late = await OpenAsync(other.Client.BaseAddress!, id);
        foreach (var told in new[] { second, late })
        {
            await ShowsAsync(told, "end", "abandoned");
            await ShowsAsync(
                told, "error", "The answer was cut off, because the server that gave it is gone. Ask again.");
        }

        var counted = await second.InnerTextAsync("#answer");
        Assert.Equal(counted, await late.InnerTextAsync("#answer"));
        var numbers = counted[(counted.IndexOf(']', StringComparison.Ordinal) + 1)..].Trim().Split(' ');
        Assert.Equal(Enumerable.Range(1, numbers.Length).Select(number => $"{number}"), numbers);

        // The sample's own page says the same.
        var own = await chromium.NewPageAsync();
        await own.GotoAsync(new Uri(other.Client.BaseAddress!, $"/#{id}").AbsoluteUri);
        await Expect(own.Locator("[role=status]")).ToContainTextAsync("Answer abandoned. The answer was cut off");

        // The other instance answers the next message.
        await second.ClickAsync("#ask");
        await ShowsAsync(second, "answers", "2");
        await Expect(second.Locator("#answer")).ToContainTextAsync("]1 2 3");
        await second.ClickAsync("#stop");
        await ShowsAsync(second, "end", "stopped");
    }

    [Theory]
    [InlineData("success")]
    [InlineData("cancelled")]
    [InlineData("failed: The answer failed.")]
    public async Task Agents_of_AG_UI_join_go_on_after_a_reload_and_are_told_the_end(string end)
    {
        await using var chat = await ChatInstances.StartAsync(postgres.ConnectionString);
        chat.Model.Give(new TextReasoningContent("Hm."), new FunctionCallContent("c1", "add"))
            .Give(new FunctionResultContent("c1", "two")).Say("1 ");
        await using var agents = RunningProgram.Start(
            "node", ["agent.mjs"], await FolderAsync(),
            ("URLS", $"{chat.One.Client.BaseAddress}api/agent {chat.Other.Client.BaseAddress}api/agent"),
            ("THREAD", chat.Id));
        Assert.Equal("joined", await agents.ReadLineAsync());
        chat.Model.Say("2 ", "3");
        await agents.GoOnAsync();
        if (end == "success")
            chat.Model.End();
        else if (end == "cancelled")
            (await chat.StopAsync(chat.One)).Dispose();
        else
            chat.Model.Fail(new InvalidOperationException("secret"));

        var all = JsonNode.Parse(await agents.ReadLineAsync())!.AsArray();
        Assert.Equal(1, chat.Model.Starts);
        Assert.Equal(2, all.Count);
        Assert.All(all, seen =>
        {
            // A stop may come before the last tokens.
            Assert.Equal(end, (string?)seen!["end"]);
            Assert.StartsWith("1 ", (string?)seen["text"], StringComparison.Ordinal);
            Assert.Equal((string?)all[0]!["text"], (string?)seen["text"]);
            Assert.DoesNotContain("secret", seen.ToJsonString(), StringComparison.Ordinal);
        });
        if (end != "success")
            return;
        var messages = all[1]!["messages"]!.AsArray();
        Assert.Equal(["reasoning", "assistant", "tool", "assistant"], messages.Select(one => (string?)one!["role"]));
        Assert.Equal("add", (string?)messages[1]!["toolCalls"]![0]!["function"]!["name"]);
        Assert.Equal(("two", "1 2 3"), ((string?)messages[2]!["content"], (string?)messages[3]!["content"]));
    }

    private static Task<string> FolderAsync()
        => NodeProject.InstalledAsync("ChunkStream.Functions.Tests", "Chat", "Npm");

    /// <summary>Opens the page of React at an instance, which itself has no page.</summary>
    private async Task<IPage> OpenAsync(Uri instance, string id)
    {
        var script = await Script.Value;
        var page = await chromium.NewPageAsync();
        await page.RouteAsync("**/page", route => route.FulfillAsync(new()
        {
            ContentType = "text/html; charset=utf-8",
            Body = """<!doctype html><div id="app"></div><script type="module" src="/app.js"></script>""",
        }));
        await page.RouteAsync(
            "**/app.js", route => route.FulfillAsync(new() { ContentType = "text/javascript", Body = script }));
        await page.GotoAsync(new Uri(instance, $"/page#{id}").AbsoluteUri);
        return page;
    }

    private static async Task<string> BundleAsync()
    {
        await using var bundling = RunningProgram.Start("node", ["bundle.mjs"], await FolderAsync());
        var (exitCode, output, errors) = await bundling.EndAsync();
        Assert.True(exitCode == 0, errors);
        return output;
    }

    private static Task ShowsAsync(IPage page, string place, string text)
        => Expect(page.Locator($"#{place}")).ToHaveTextAsync(text);
}
