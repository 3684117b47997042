import asyncio
import threading

from snnlab.lab.home import Home


def test_what_another_thread_asks_for_is_done_at_home():
    async def story():
        home, done = Home(), []
        home.call(done.append, "at once")
        assert done == ["at once"]
        await asyncio.to_thread(home.call, lambda: done.append(threading.get_ident()))
        await asyncio.sleep(0)
        assert done[1:] == [threading.get_ident()]
        return home

    home = asyncio.run(story())
    done = []
    home.call(done.append, "its loop is closed: nobody would come to do it")
    assert done


def test_without_a_loop_it_is_done_where_it_is_asked_for():
    home, done = Home(), []
    thread = threading.Thread(target=home.call, args=(done.append, 1))
    thread.start()
    thread.join()
    assert done == [1]
